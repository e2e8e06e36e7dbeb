//! A list that grows without moving what is in it.

use std::mem;
use std::ops::Index;

use crate::error::Result;

/// Values in chunks, of which each new one has room for as many as all before it. A `Vec` that doubles moves all of its
/// values each time, and for that moment needs the memory for them twice.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    full: Vec<Vec<T>>,
    last: Vec<T>,
    len: usize,
    /// Whether it is one chunk that grows.
    is_whole: bool,
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
            is_whole: false,
        }
    }
}

impl<T> Chunks<T> {
    /// A list whose values are to be [mapped](Self::map_into_vec) to values of their own size: it grows as a `Vec` does, and becomes one
    /// as it is. Then they need no room twice; the price is what a `Vec` that has grown has too much.
    pub(super) fn whole() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

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

    /// Turns each value into another one, in one list. Values that are all in one chunk are where they are to be, if the others are as
    /// large.
    pub(super) fn map_into_vec<U>(self, map: impl FnMut(T) -> U) -> Vec<U> {
        if self.full.is_empty() {
            self.last.into_iter().map(map).collect()
        } else {
            self.into_iter().map(map).collect()
        }
    }

    #[cold]
    fn grow(&mut self) {
        const FIRST: usize = 4;
        if self.is_whole {
            self.last.reserve(self.len.max(FIRST));
            return;
        }
        let last = Vec::with_capacity(self.len.max(FIRST));
        let full = mem::replace(&mut self.last, last);
        if !full.is_empty() {
            self.full.push(full);
        }
    }

    /// Looks at each value. Not by an iterator: this is compiled once for each type of values.
    pub(super) fn try_for_each(&self, each: &mut dyn FnMut(&T) -> Result<()>) -> Result<()> {
        for chunk in &self.full {
            for value in chunk {
                each(value)?;
            }
        }
        for value in &self.last {
            each(value)?;
        }
        Ok(())
    }

    /// Whether any of the values is such a one.
    pub(super) fn any(&self, is_such: &mut dyn FnMut(&T) -> bool) -> bool {
        let Self { full, last, .. } = self;
        full.iter().any(|chunk| chunk.iter().any(&mut *is_such)) || last.iter().any(is_such)
    }
}

/// Walks over the chunks before the position, which is good enough for an error.
impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, mut position: usize) -> &T {
        for chunk in &self.full {
            match chunk.get(position) {
                Some(value) => return value,
                None => position -= chunk.len(),
            }
        }
        &self.last[position]
    }
}

impl<T> IntoIterator for Chunks<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        let Self {
            full, last, len, ..
        } = self;
        IntoIter {
            chunk: Vec::new().into_iter(),
            full: full.into_iter(),
            last,
            len,
        }
    }
}

/// The values of [`Chunks`]. A chunk is freed when the next one begins.
#[derive(Debug)]
pub(super) struct IntoIter<T> {
    chunk: std::vec::IntoIter<T>,
    full: std::vec::IntoIter<Vec<T>>,
    last: Vec<T>,
    len: usize,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.len > 0 {
            if let Some(value) = self.chunk.next() {
                self.len -= 1;
                return Some(value);
            }
            let next = self.full.next();
            self.chunk = next
                .unwrap_or_else(|| mem::take(&mut self.last))
                .into_iter();
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }

    /// Without asking for each value whether its chunk has ended.
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        let init = self.chunk.fold(init, &mut f);
        self.full
            .chain([self.last])
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
            let mut seen = Vec::new();
            let all = chunks.try_for_each(&mut |value| {
                seen.push(*value);
                Ok(())
            });
            assert!(all.is_ok() && seen.into_iter().eq(0..len));
            assert!(!chunks.any(&mut |value| *value == len));
            assert!((0..len).all(|wanted| chunks.any(&mut |value| *value == wanted)));
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
