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
pub(super) struct Interner {
    /// The parts of all keys, one after the other.
    bytes: Vec<u8>,
    /// Where each key ends in `bytes`.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The key that is looked up, its parts told apart by their lengths.
    wanted: Vec<u8>,
    last: Option<u32>,
}

impl Interner {
    /// The number of a key that is known. A new key gets the next number, and `None` says that it is new.
    pub(super) fn intern<'k>(&mut self, parts: impl Iterator<Item = &'k [u8]>) -> Option<u32> {
        let (hash, found) = self.look_up(parts);
        if found.is_some() {
            return found;
        }
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(&self.wanted);
        self.ends.push(self.bytes.len());
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.numbers.insert_unique(hash, number, |&number| {
            hash_of(hasher, key_at(bytes, ends, number))
        });
        self.last = Some(number);
        None
    }

    /// The number of a key, if it is known.
    pub(super) fn find<'k>(&mut self, parts: impl Iterator<Item = &'k [u8]>) -> Option<u32> {
        self.look_up(parts).1
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn look_up<'k>(&mut self, parts: impl Iterator<Item = &'k [u8]>) -> (u64, Option<u32>) {
        self.wanted.clear();
        for part in parts {
            self.wanted.put_u32(part.len() as u32);
            self.wanted.extend_from_slice(part);
        }
        // Rows with the same key mostly come one after the other.
        if let Some(last) = self.last
            && key_at(&self.bytes, &self.ends, last) == self.wanted
        {
            return (0, Some(last));
        }
        let hash = hash_of(&self.hasher, &self.wanted);
        let found = self.numbers.find(hash, |&number| {
            key_at(&self.bytes, &self.ends, number) == self.wanted
        });
        if found.is_some() {
            self.last = found.copied();
        }
        (hash, found.copied())
    }
}

fn key_at<'b>(bytes: &'b [u8], ends: &[usize], number: u32) -> &'b [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}

fn hash_of(hasher: &DefaultHashBuilder, key: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(key);
    state.finish()
}

const NONE: u32 = u32::MAX;

/// The distinct keys of all parents, and which parents have each of them.
#[derive(Debug)]
pub(super) struct ParentKeys {
    interner: Interner,
    /// For each part of the key the array that is bound.
    arrays: Vec<KeyArray>,
    /// The first parent that has a key, by the key's number, and the next one that has the same, by parent.
    first: Vec<u32>,
    next: Vec<u32>,
    last: Vec<u32>,
    encoded: Vec<BytesMut>,
}

impl ParentKeys {
    /// No keys yet; they are encoded for the array parameters of a prepared statement.
    pub(super) fn new(parameters: &[Type]) -> Self {
        let arrays: Vec<KeyArray> = parameters.iter().map(KeyArray::of).collect();
        Self {
            interner: Interner::default(),
            encoded: vec![BytesMut::new(); arrays.len()],
            arrays,
            first: Vec::new(),
            next: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Adds the next parent, with its key unless that is NULL.
    pub(super) fn push(
        &mut self,
        key: Option<&[&(dyn ToSql + Sync)]>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let parent = self.next.len() as u32;
        self.next.push(NONE);
        let Some(parts) = key else {
            return Ok(());
        };
        for ((part, array), encoded) in parts.iter().zip(&self.arrays).zip(&mut self.encoded) {
            encoded.clear();
            part.to_sql_checked(&array.member, encoded)?;
        }
        match self
            .interner
            .intern(self.encoded.iter().map(|part| &part[..]))
        {
            Some(number) => {
                let number = number as usize;
                self.next[self.last[number] as usize] = parent;
                self.last[number] = parent;
            }
            None => {
                self.first.push(parent);
                self.last.push(parent);
                for (array, encoded) in self.arrays.iter_mut().zip(&self.encoded) {
                    array.push(encoded);
                }
            }
        }
        Ok(())
    }

    /// The arrays, to be bound; they are given away.
    pub(super) fn take_arrays(&mut self) -> Vec<Parameter> {
        std::mem::take(&mut self.arrays)
            .into_iter()
            .map(|array| Arc::new(array) as Parameter)
            .collect()
    }

    /// The number of the key that a row has in this column.
    pub(super) fn find(&mut self, row: &Row, column: usize) -> Option<u32> {
        self.interner.find(raw(row, column).into_iter())
    }

    /// The key of this number, counted from one as the server does.
    pub(super) fn numbered(&self, row: &Row, column: usize) -> Option<u32> {
        let number: i64 = row.try_get(column).ok()?;
        let number = usize::try_from(number).ok()?.checked_sub(1)?;
        (number < self.interner.len()).then_some(number as u32)
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
}

/// One part of all keys, as a PostgreSQL array.
#[derive(Debug)]
struct KeyArray {
    member: Type,
    /// Each element as an array has it: its length, then its bytes.
    elements: Vec<u8>,
    len: usize,
}

impl KeyArray {
    fn of(array: &Type) -> Self {
        Self {
            member: member_of(array).clone(),
            elements: Vec::new(),
            len: 0,
        }
    }

    fn push(&mut self, element: &[u8]) {
        self.elements.put_i32(element.len() as i32);
        self.elements.extend_from_slice(element);
        self.len += 1;
    }
}

impl ToSql for KeyArray {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        array_header(out, self.len, false, &self.member)?;
        out.extend_from_slice(&self.elements);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}
