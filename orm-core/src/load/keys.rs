//! Keys as the bytes that go over the wire: what parents and their targets are matched by.
//!
//! Bytes rather than Rust values, so that this code exists once and not for each type of key.

mod key;

use std::hash::{BuildHasher, Hasher};
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
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// A place in a set of keys where the next key is looked up: rows with the same key mostly come one after the other.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// A key of several parts, while it is looked up.
    joined: Vec<u8>,
    last: Option<u32>,
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
        if let Some(last) = *last
            && same(self.at(last), key)
        {
            return Some(last);
        }
        let found = self.find_hashed(self.hash(key), key);
        *last = found.or(*last);
        found
    }

    /// The number of a key that another set has under this number.
    pub(super) fn find_same(&self, other: &Keys, number: u32) -> Option<u32> {
        let key = other.at(number);
        self.find_hashed(self.hash(key), key)
    }

    fn find_hashed(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let mut candidates = self.numbers.iter_hash(hash).copied();
        candidates.find(|&number| same(self.at(number), key))
    }

    fn at(&self, number: u32) -> &[u8] {
        key_at(&self.bytes, &self.ends, number)
    }

    fn hash(&self, key: &[u8]) -> u64 {
        hash(&self.hasher, key)
    }

    /// Adds a key that is not known. Returns its number.
    fn add(&mut self, hash_of_key: u64, key: &[u8]) -> u32 {
        let Self {
            bytes,
            ends,
            numbers,
            hasher,
        } = self;
        let number = ends.len() as u32;
        bytes.extend_from_slice(key);
        ends.push(bytes.len());
        numbers.insert_unique(hash_of_key, number, |&number| {
            hash(hasher, key_at(bytes, ends, number))
        });
        number
    }
}

fn key_at<'k>(bytes: &'k [u8], ends: &[usize], number: u32) -> &'k [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start..ends[number]]
}

fn hash(hasher: &DefaultHashBuilder, key: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(key);
    state.finish()
}

/// `==`, which for the lengths of integers and UUIDs is not a call of `memcmp`.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            4 => a.first_chunk::<4>() == b.first_chunk::<4>(),
            8 => a.first_chunk::<8>() == b.first_chunk::<8>(),
            16 => a.first_chunk::<16>() == b.first_chunk::<16>(),
            _ => a == b,
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
        if let Some(last) = *last
            && same(keys.at(last), key)
        {
            return Some(Interned::Known(last));
        }
        let hash = keys.hash(key);
        let interned = match keys.find_hashed(hash, key) {
            Some(number) => Interned::Known(number),
            None => Interned::New(keys.add(hash, key)),
        };
        *last = Some(interned.number());
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
