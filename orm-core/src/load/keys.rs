//! Keys as the bytes that go over the wire: what parents and their targets are matched by.
//!
//! Bytes rather than Rust values, so that this code exists once and not for each type of key.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use hashbrown::{DefaultHashBuilder, HashTable};
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::bind::{Parameter, array_header, member_of};
use crate::decode::raw;

/// Distinct keys, numbered in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The parts of all keys, one after the other, each after its length: as the elements of an array have it.
    bytes: Vec<u8>,
    /// Where each key ends in `bytes`.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// A place in a set of keys where the next key is looked up: rows with the same key mostly come one after the other.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    wanted: Vec<u8>,
    last: Option<u32>,
}

impl Cursor {
    /// Takes the parts of the key that is looked up next. `None` if one of them is NULL.
    fn want<'k>(&mut self, parts: impl Iterator<Item = Option<&'k [u8]>>) -> Option<()> {
        self.wanted.clear();
        for part in parts {
            let part = part?;
            self.wanted.put_u32(part.len() as u32);
            self.wanted.extend_from_slice(part);
        }
        Some(())
    }
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of a key, if it is known.
    pub(super) fn find<'k>(
        &self,
        cursor: &mut Cursor,
        parts: impl Iterator<Item = Option<&'k [u8]>>,
    ) -> Option<u32> {
        cursor.want(parts)?;
        self.find_wanted(cursor).1
    }

    /// The number of a key that another set has under this number.
    pub(super) fn find_same(&self, other: &Keys, number: u32) -> Option<u32> {
        let wanted = other.at(number);
        let hash = self.hash(wanted);
        self.numbers
            .find(hash, |&number| self.at(number) == wanted)
            .copied()
    }

    fn find_wanted(&self, cursor: &mut Cursor) -> (u64, Option<u32>) {
        if let Some(last) = cursor.last
            && self.at(last) == cursor.wanted
        {
            return (0, Some(last));
        }
        let hash = self.hash(&cursor.wanted);
        let found = self
            .numbers
            .find(hash, |&number| self.at(number) == cursor.wanted);
        if found.is_some() {
            cursor.last = found.copied();
        }
        (hash, found.copied())
    }

    fn at(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = if number == 0 {
            0
        } else {
            self.ends[number - 1]
        };
        &self.bytes[start..self.ends[number]]
    }

    fn hash(&self, key: &[u8]) -> u64 {
        let mut state = self.hasher.build_hasher();
        state.write(key);
        state.finish()
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
    pub(super) fn intern<'k>(
        &mut self,
        parts: impl Iterator<Item = Option<&'k [u8]>>,
    ) -> Option<Interned> {
        let Self { keys, cursor } = self;
        cursor.want(parts)?;
        let (hash, found) = keys.find_wanted(cursor);
        if let Some(number) = found {
            return Some(Interned::Known(number));
        }
        let number = keys.ends.len() as u32;
        keys.bytes.extend_from_slice(&cursor.wanted);
        keys.ends.push(keys.bytes.len());
        let Keys {
            bytes,
            ends,
            numbers,
            hasher,
        } = keys;
        numbers.insert_unique(hash, number, |&number| {
            let number = number as usize;
            let start = if number == 0 { 0 } else { ends[number - 1] };
            let mut state = hasher.build_hasher();
            state.write(&bytes[start..ends[number]]);
            state.finish()
        });
        cursor.last = Some(number);
        Some(Interned::New(number))
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
    /// Adds the next parent, by the parts of its key.
    pub(super) fn push<'k>(&mut self, parts: impl Iterator<Item = Option<&'k [u8]>>) {
        let parent = self.next.len() as u32;
        self.next.push(NONE);
        match self.interner.intern(parts) {
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
            self.push(std::iter::once(None));
            return Ok(());
        };
        for ((part, ty), encoded) in parts.iter().zip(types).zip(&mut *encoded) {
            encoded.clear();
            part.to_sql_checked(ty, encoded)?;
        }
        self.push(encoded.iter().map(|part| Some(&part[..])));
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
                    part,
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

/// The parts of a key that stand in these columns of a row.
pub(super) fn parts<'r>(
    row: &'r Row,
    at: usize,
    columns: &'r [usize],
) -> impl Iterator<Item = Option<&'r [u8]>> {
    columns.iter().map(move |column| raw(row, at + column))
}

/// One part of all keys, as a PostgreSQL array. It is written from where the keys are, not copied before.
#[derive(Debug)]
struct KeyArray {
    parents: Arc<ParentKeys>,
    part: usize,
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
            for _ in 0..self.part {
                key = split_part(key).1;
            }
            out.extend_from_slice(split_part(key).0);
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
