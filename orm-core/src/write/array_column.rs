//! A column of arrays in many new rows: all of their elements as one array, and to which rows they belong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::bind::{Parameter, array_header, encode_array, member_of};
use crate::value::BoxedError;
use crate::write::rows::Rows;

/// The parameters that a column of arrays is sent as. The elements have to come first: only from their type can the
/// arrays be encoded, and only then are they counted.
pub(super) struct ArrayColumn {
    /// The elements of all arrays.
    pub(super) elements: Parameter,
    /// The number of elements of each row's array.
    pub(super) lengths: Parameter,
    /// For each of the elements the number of its row, from 1.
    pub(super) owners: Parameter,
}

pub(super) fn array_column(rows: &Arc<dyn Rows>, column: usize) -> ArrayColumn {
    let counted = Arc::new(Counted::default());
    ArrayColumn {
        elements: Arc::new(Elements {
            rows: Arc::clone(rows),
            column,
            counted: Arc::clone(&counted),
        }),
        lengths: Arc::new(Lengths(Arc::clone(&counted))),
        owners: Arc::new(Owners(counted)),
    }
}

/// How many elements each array has. NULL has no number.
#[derive(Debug, Default)]
struct Counted(Mutex<Vec<Option<i32>>>);

impl Counted {
    fn lengths(&self) -> MutexGuard<'_, Vec<Option<i32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Elements {
    rows: Arc<dyn Rows>,
    column: usize,
    counted: Arc<Counted>,
}

impl ToSql for Elements {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let mut lengths = self.counted.lengths();
        lengths.clear();
        let header = out.len();
        array_header(out, 0, false, member_of(ty))?;
        let mut total = 0;
        let mut has_nulls = 0;
        let mut array = BytesMut::new();
        for row in 0..self.rows.len() {
            array.clear();
            let value = self.rows.value(row, self.column);
            if let IsNull::Yes = value.to_sql_checked(ty, &mut array)? {
                lengths.push(None);
                continue;
            }
            let read = ArrayHeader::read(&mut array)?;
            lengths.push(Some(read.len));
            total += read.len;
            has_nulls |= read.has_nulls;
            out.extend_from_slice(&array);
        }
        out[header + 4..header + 8].copy_from_slice(&has_nulls.to_be_bytes());
        out[header + 12..header + 16].copy_from_slice(&total.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

/// What stands before the elements of an array: see [`array_header`].
struct ArrayHeader {
    len: i32,
    has_nulls: i32,
}

impl ArrayHeader {
    fn read(array: &mut impl Buf) -> Result<Self, BoxedError> {
        let dimensions = array.try_get_i32()?;
        let has_nulls = array.try_get_i32()?;
        let _member = array.try_get_u32()?;
        let len = match dimensions {
            0 => 0,
            1 => {
                let len = array.try_get_i32()?;
                let _lower_bound = array.try_get_i32()?;
                len
            }
            _ => {
                return Err(
                    "of arrays with several dimensions one row can be inserted at a time".into(),
                );
            }
        };
        Ok(Self { len, has_nulls })
    }
}

#[derive(Debug)]
struct Lengths(Arc<Counted>);

impl ToSql for Lengths {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let lengths = self.0.lengths();
        let lengths = lengths.iter().map(|length| length as _);
        encode_array(lengths, member_of(ty), out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT4_ARRAY
    }

    to_sql_checked!();
}

#[derive(Debug)]
struct Owners(Arc<Counted>);

impl ToSql for Owners {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let lengths = self.0.lengths();
        let numbered = (1_i64..).zip(lengths.iter());
        let owners: Vec<i64> = numbered
            .flat_map(|(row, length)| (0..length.unwrap_or(0)).map(move |_| row))
            .collect();
        owners.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT8_ARRAY
    }

    to_sql_checked!();
}
