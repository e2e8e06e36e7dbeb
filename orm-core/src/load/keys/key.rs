//! A key, where it is before it is looked up.

use bytes::{BufMut, BytesMut};
use tokio_postgres::Row;

use crate::decode::raw;

/// The parts of a key.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) enum Key<'k> {
    /// In these columns of a row, counted from the column `at` on.
    InRow {
        row: &'k Row,
        at: usize,
        columns: &'k [usize],
    },
    Encoded(&'k [BytesMut]),
    Null,
}

impl<'k> Key<'k> {
    pub(in crate::load) fn in_row(row: &'k Row, at: usize, columns: &'k [usize]) -> Self {
        Self::InRow { row, at, columns }
    }

    /// The bytes that the key is known by: those of its only part where they are, or those of several, each after its
    /// length. `None` if a part is NULL, for then the key refers to nothing.
    #[inline]
    pub(super) fn bytes<'b>(self, joined: &'b mut Vec<u8>) -> Option<&'b [u8]>
    where
        'k: 'b,
    {
        match self {
            Self::InRow {
                row,
                at,
                columns: &[column],
            } => raw(row, at + column),
            Self::Encoded([part]) => Some(part),
            Self::Null => None,
            _ => self.join(joined),
        }
    }

    #[cold]
    fn join(self, joined: &mut Vec<u8>) -> Option<&[u8]> {
        joined.clear();
        let mut push = |part: Option<&[u8]>| {
            let part = part?;
            joined.put_u32(part.len() as u32);
            joined.extend_from_slice(part);
            Some(())
        };
        match self {
            Self::InRow { row, at, columns } => columns
                .iter()
                .try_for_each(|column| push(raw(row, at + column)))?,
            Self::Encoded(parts) => parts.iter().try_for_each(|part| push(Some(part)))?,
            Self::Null => return None,
        }
        Some(joined)
    }
}
