//! Keys as the bytes that go over the wire: what parents and their targets are matched by.
//!
//! Bytes rather than Rust values, so that this code exists once and not for each type of key.

mod key;

use std::hash::BuildHasher;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use hashbrown::{DefaultHashBuilder, HashTable};
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::bind::{Parameter, array_header, member_of};

pub(super) use key::Key;

/// Distinct keys, numbered in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// All keys, one after the other. A key is the bytes of its only part; if it has several, each comes after its length.
    bytes: Vec<u8>,
    /// Where each key ends in `bytes`.
    ends: Vec<usize>,
    numbers: HashTable<Numbered>,
    hasher: DefaultHashBuilder,
    /// Whether there are keys of another length than that of a word.
    has_other_lengths: bool,
}

#[derive(Debug, Clone, Copy)]
struct Numbered {
    word: Word,
    number: u32,
}

/// A key of eight bytes, as most are, or the hash of any other: compared before the bytes, and mostly instead of them.
type Word = u64;

/// A place in a set of keys where the next key is looked up: rows with the same key mostly come one after the other.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// A key of several parts, while it is looked up.
    joined: Vec<u8>,
    last: Option<Numbered>,
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of a key, if it is known.
    pub(super) fn find(&self, cursor: &mut Cursor, key: Key<'_>) -> Option<u32> {
        let Cursor { joined, last } = cursor;
        let key = key.bytes(joined)?;
        let word = self.word(key);
        let number = self.find_after(*last, word, key)?;
        *last = Some(Numbered { word, number });
        Some(number)
    }

    /// The number of a key that another set has under this number.
    pub(super) fn find_same(&self, other: &Keys, number: u32) -> Option<u32> {
        let key = other.at(number);
        self.find_after(None, self.word(key), key)
    }

    /// Finds a key that is probably the same as the last one.
    fn find_after(&self, last: Option<Numbered>, word: Word, key: &[u8]) -> Option<u32> {
        let word_is_key = key.len() == size_of::<Word>() && !self.has_other_lengths;
        let is_it =
            |known: &Numbered| known.word == word && (word_is_key || self.at(known.number) == key);
        let found = match &last {
            Some(last) if is_it(last) => last,
            _ => self.numbers.find(self.hasher.hash_one(word), is_it)?,
        };
        Some(found.number)
    }

    fn at(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    fn word(&self, key: &[u8]) -> Word {
        match key.try_into() {
            Ok(word) => Word::from_ne_bytes(word),
            Err(_) => self.hasher.hash_one(key),
        }
    }

    /// Adds a key that is not known. Returns its number.
    fn add(&mut self, word: Word, key: &[u8]) -> u32 {
        let number = self.ends.len() as u32;
        let added = Numbered { word, number };
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        self.has_other_lengths |= key.len() != size_of::<Word>();
        let hash = |known: &Numbered| self.hasher.hash_one(known.word);
        self.numbers.insert_unique(hash(&added), added, hash);
        number
    }
}

/// Keys that are being collected.
#[derive(Debug, Default)]
pub(super) struct Interner {
    keys: Keys,
    cursor: Cursor,
}

/// What came of a key that was to be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interned {
    /// It was known under this number.
    Known(u32),
    /// It is the first of its kind and got this number.
    New(u32),
}

impl Interned {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Known(number) | Self::New(number) => number,
        }
    }
}

impl Interner {
    /// Remembers a key. A key with a NULL in it refers to nothing: `None`.
    pub(super) fn intern(&mut self, key: Key<'_>) -> Option<Interned> {
        let Self { keys, cursor } = self;
        let Cursor { joined, last } = cursor;
        let key = key.bytes(joined)?;
        let word = keys.word(key);
        let interned = match keys.find_after(*last, word, key) {
            Some(number) => Interned::Known(number),
            None => Interned::New(keys.add(word, key)),
        };
        *last = Some(Numbered {
            word,
            number: interned.number(),
        });
        Some(interned)
    }

    pub(super) fn into_keys(self) -> Keys {
        self.keys
    }
}

const NONE: u32 = u32::MAX;

/// The distinct keys of all parents, and which parents have each of them.
#[derive(Debug, Default)]
pub(super) struct ParentKeys {
    interner: Interner,
    /// The first parent that has a key, by the key's number, and the next one that has the same, by parent.
    first: Vec<u32>,
    next: Vec<u32>,
    last: Vec<u32>,
}

impl ParentKeys {
    /// Adds the next parent.
    pub(super) fn push(&mut self, key: Key<'_>) {
        let parent = self.next.len() as u32;
        self.next.push(NONE);
        match self.interner.intern(key) {
            None => {}
            Some(Interned::Known(number)) => {
                let number = number as usize;
                self.next[self.last[number] as usize] = parent;
                self.last[number] = parent;
            }
            Some(Interned::New(_)) => {
                self.first.push(parent);
                self.last.push(parent);
            }
        }
    }

    /// Adds the next parent, by the values of its key, as parameters of these types have them.
    pub(super) fn push_values(
        &mut self,
        key: Option<&[&(dyn ToSql + Sync)]>,
        types: &[&Type],
        encoded: &mut [BytesMut],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some(parts) = key else {
            self.push(Key::Null);
            return Ok(());
        };
        for ((part, ty), encoded) in parts.iter().zip(types).zip(&mut *encoded) {
            encoded.clear();
            part.to_sql_checked(ty, encoded)?;
        }
        self.push(Key::Encoded(encoded));
        Ok(())
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.interner.keys
    }

    /// The parents that have a key, in their order.
    pub(super) fn parents(&self, key: u32) -> impl Iterator<Item = u32> {
        let mut parent = self.first[key as usize];
        std::iter::from_fn(move || {
            let current = parent;
            if current == NONE {
                return None;
            }
            parent = self.next[current as usize];
            Some(current)
        })
    }

    /// The keys as array parameters, one for each part.
    pub(super) fn arrays(self: &Arc<Self>, types: &[Type]) -> Vec<Parameter> {
        types
            .iter()
            .enumerate()
            .map(|(part, array)| {
                Arc::new(KeyArray {
                    parents: Arc::clone(self),
                    part: (types.len() > 1).then_some(part),
                    member: member_of(array).clone(),
                }) as Parameter
            })
            .collect()
    }
}

/// The number of the key that a row names in this column, where the server counts keys from one.
pub(super) fn numbered(row: &Row, column: usize, keys: &Keys) -> Option<u32> {
    let number: i64 = row.try_get(column).ok()?;
    let number = usize::try_from(number).ok()?.checked_sub(1)?;
    (number < keys.len()).then_some(number as u32)
}

/// One part of all keys, as a PostgreSQL array. It is written from where the keys are, not copied before.
#[derive(Debug)]
struct KeyArray {
    parents: Arc<ParentKeys>,
    /// Which part, if the keys have several.
    part: Option<usize>,
    member: Type,
}

impl ToSql for KeyArray {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let keys = self.parents.keys();
        array_header(out, keys.len(), false, &self.member)?;
        for number in 0..keys.len() {
            let mut key = keys.at(number as u32);
            if let Some(part) = self.part {
                for _ in 0..part {
                    key = split_part(key).1;
                }
                out.extend_from_slice(split_part(key).0);
            } else {
                out.put_u32(key.len() as u32);
                out.extend_from_slice(key);
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

/// The first part of a key with its length, and the others.
fn split_part(key: &[u8]) -> (&[u8], &[u8]) {
    match key.first_chunk() {
        Some(&len) => key.split_at(4 + u32::from_be_bytes(len) as usize),
        None => (key, &[]),
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Cursor, Interned, Interner, Key};

    fn parts(parts: &[&str]) -> Vec<BytesMut> {
        parts.iter().map(|&part| part.into()).collect()
    }

    #[test]
    fn keys_of_any_length_are_told_apart() {
        let keys = [
            parts(&["eightkey"]),
            parts(&["another8"]),
            parts(&["short"]),
            parts(&[""]),
            parts(&["a key of more than sixteen bytes"]),
            parts(&["ab", "c"]),
            parts(&["a", "bc"]),
        ];
        let mut interner = Interner::default();
        for (number, key) in (0..).zip(&keys) {
            assert_eq!(
                interner.intern(Key::Encoded(key)),
                Some(Interned::New(number))
            );
        }
        assert_eq!(interner.intern(Key::Null), None);
        for (number, key) in (0..).zip(&keys) {
            for _ in 0..2 {
                let known = interner.intern(Key::Encoded(key));
                assert_eq!(known, Some(Interned::Known(number)));
            }
        }
        let known = interner.into_keys();
        let mut cursor = Cursor::default();
        for (number, key) in keys.iter().enumerate().rev() {
            let number = number as u32;
            assert_eq!(known.find(&mut cursor, Key::Encoded(key)), Some(number));
            assert_eq!(known.find_same(&known, number), Some(number));
        }
        let unknown = parts(&["8 others"]);
        assert_eq!(known.find(&mut cursor, Key::Encoded(&unknown)), None);
    }
}
