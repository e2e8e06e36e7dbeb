//! Values on their way to the server. They are always bound, never written into SQL text.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::value::{BoxedError, Field, PgType, Value};

/// A parameter of a statement, owned by the query so that the query can run more than once.
pub(crate) type Parameter = Arc<dyn ToSql + Send + Sync>;

/// A value and the PostgreSQL type that it is meant as.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Bind {
    pub(crate) value: Parameter,
    pub(crate) ty: PgType,
}

impl Bind {
    /// Binds a value of a known type.
    pub fn new<V: Value>(value: V) -> Self {
        Self::typed(value, V::TYPE)
    }

    /// Binds the value of a column's field, which may be NULL.
    pub fn field<F: Field>(value: F) -> Self {
        Self::typed(value, <F::Base as Value>::TYPE)
    }

    /// Binds a value as a named type.
    pub fn typed<T: ToSql + Send + Sync + 'static>(value: T, ty: PgType) -> Self {
        Self {
            value: Arc::new(value),
            ty,
        }
    }
}

/// A parameter that may be of a domain: it is encoded as what the domain is made of, which is what the server reads.
#[derive(Debug)]
pub(crate) struct OfBaseType<'a>(pub(crate) &'a (dyn ToSql + Sync));

impl ToSql for OfBaseType<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        self.0.to_sql_checked(base_of(ty), out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(crate) fn base_of(ty: &Type) -> &Type {
    match ty.kind() {
        Kind::Domain(base) => base_of(base),
        _ => ty,
    }
}

/// Writes the header of an array of one dimension, as `array_recv` in PostgreSQL's `arrayfuncs.c` reads it. Its elements
/// follow, each after its length.
pub(crate) fn array_header(
    out: &mut BytesMut,
    len: usize,
    has_nulls: bool,
    member: &Type,
) -> Result<(), BoxedError> {
    let dimensions = 1;
    let lower_bound = 1;
    out.put_i32(dimensions);
    out.put_i32(i32::from(has_nulls));
    out.put_u32(member.oid());
    out.put_i32(i32::try_from(len)?);
    out.put_i32(lower_bound);
    Ok(())
}

/// The type of an array's elements.
pub(crate) fn member_of(array: &Type) -> &Type {
    match array.kind() {
        Kind::Array(member) => base_of(member),
        _ => array,
    }
}

/// Values of one column, some of which may be NULL, as one array.
#[derive(Debug)]
pub(crate) struct BindArray(pub(crate) Vec<Parameter>);

impl ToSql for BindArray {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        encode_array(self.0.iter().map(|value| &**value as _), member_of(ty), out)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

/// Writes an array of values, some of which may be NULL.
pub(crate) fn encode_array<'v>(
    values: impl ExactSizeIterator<Item = &'v (dyn ToSql + Sync)>,
    member: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, BoxedError> {
    let header = out.len();
    array_header(out, values.len(), false, member)?;
    for value in values {
        let start = out.len();
        out.put_i32(-1);
        match value.to_sql_checked(member, out)? {
            IsNull::No => {
                let len = i32::try_from(out.len() - start - 4)?;
                out[start..start + 4].copy_from_slice(&len.to_be_bytes());
            }
            IsNull::Yes => {
                // The flag is known only now.
                let flag = header + 4;
                out[flag..flag + 4].copy_from_slice(&1_i32.to_be_bytes());
            }
        }
    }
    Ok(IsNull::No)
}
