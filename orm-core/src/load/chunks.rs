//! A list that grows without moving what is in it.

use std::ops::Index;

/// Values in chunks, of which each new one has room for as many as all before it. A `Vec` that doubles moves all of its
/// values each time, and for that moment needs the memory for them twice.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    full: Vec<Vec<T>>,
    last: Vec<T>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> From<Vec<T>> for Chunks<T> {
    fn from(values: Vec<T>) -> Self {
        Self {
            full: Vec::new(),
            len: values.len(),
            last: values,
        }
    }
}

impl<T> Chunks<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, value: T) {
        if self.last.len() == self.last.capacity() {
            self.grow();
        }
        self.last.push(value);
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        const FIRST: usize = 4;
        let last = Vec::with_capacity(self.len.max(FIRST));
        self.full.push(std::mem::replace(&mut self.last, last));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().flatten().chain(&self.last)
    }
}

/// Walks over the chunks before the position, which is good enough for an error.
impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, position: usize) -> &T {
        let value = self.iter().nth(position);
        value.expect("the position is one of the list's")
    }
}

impl<T> IntoIterator for Chunks<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        let Self {
            mut full,
            last,
            len,
        } = self;
        full.push(last);
        IntoIter {
            chunk: Vec::new().into_iter(),
            rest: full.into_iter(),
            len,
        }
    }
}

/// The values of [`Chunks`]. A chunk is freed when the next one begins.
#[derive(Debug)]
pub(super) struct IntoIter<T> {
    chunk: std::vec::IntoIter<T>,
    rest: std::vec::IntoIter<Vec<T>>,
    len: usize,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.chunk.next() {
                self.len -= 1;
                return Some(value);
            }
            self.chunk = self.rest.next()?.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }

    /// Without asking for each value whether its chunk has ended.
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        let init = self.chunk.fold(init, &mut f);
        self.rest
            .fold(init, |folded, chunk| chunk.into_iter().fold(folded, &mut f))
    }
}

impl<T> ExactSizeIterator for IntoIter<T> {}

#[cfg(test)]
mod tests {
    use super::Chunks;

    fn filled(len: usize) -> Chunks<usize> {
        let mut chunks = Chunks::default();
        (0..len).for_each(|value| chunks.push(value));
        chunks
    }

    #[test]
    fn values_keep_their_order() {
        for len in [0, 1, 4, 5, 8, 9, 100] {
            let chunks = filled(len);
            assert_eq!(chunks.len(), len);
            assert!(chunks.iter().copied().eq(0..len));
            assert!((0..len).all(|position| chunks[position] == position));
            let values = chunks.into_iter();
            assert_eq!(values.len(), len);
            assert!(values.eq(0..len));
            let mut folded = Vec::new();
            filled(len).into_iter().for_each(|value| folded.push(value));
            assert!(folded.into_iter().eq(0..len));
        }
    }
}
