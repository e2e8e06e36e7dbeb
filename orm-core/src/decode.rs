//! From rows to entities and values: types are checked once per result, then values are decoded by position.

use tokio_postgres::types::{FromSql, FromSqlOwned, Kind, Type, WasNull};
use tokio_postgres::{Column, Row};

use crate::entity::{ColumnDef, EntityDef};
use crate::error::{Error, Result};
use crate::value::{BoxedError, Field, PgType, Value};

/// The columns of one entity within a row.
#[doc(hidden)]
pub struct RowReader<'r> {
    row: &'r Row,
    offset: usize,
    /// The position of the entity's column that stands at the offset.
    first: usize,
    def: &'static EntityDef,
}

impl<'r> RowReader<'r> {
    pub(crate) fn new(row: &'r Row, offset: usize, def: &'static EntityDef) -> Self {
        Self::single(row, offset, def, 0)
    }

    /// A reader of one column of an entity, which stands by itself.
    pub(crate) fn single(
        row: &'r Row,
        offset: usize,
        def: &'static EntityDef,
        column: usize,
    ) -> Self {
        Self {
            row,
            offset,
            first: column,
            def,
        }
    }

    fn position(&self, column: usize) -> usize {
        self.offset + column - self.first
    }

    /// The value of the column at a position in the entity's list of columns.
    pub fn get<F: Field>(&self, column: usize) -> Result<F> {
        match self.row.try_get(self.position(column)) {
            Ok(OfField(value)) => Ok(value),
            Err(error) => Err(self.undecodable(column, error)),
        }
    }

    /// The value of a column whose PostgreSQL type the entity names.
    pub fn get_typed<T: FromSqlOwned>(&self, column: usize) -> Result<T> {
        match self.row.try_get(self.position(column)) {
            Ok(TypeChecked(value)) => Ok(value),
            Err(error) => Err(self.undecodable(column, error)),
        }
    }

    #[cold]
    fn undecodable(&self, column: usize, error: tokio_postgres::Error) -> Error {
        let column_def = &self.def.columns[column];
        let sent = self.row.columns()[self.position(column)].type_();
        Error::Decode {
            entity: self.def.name,
            column: column_def.name,
            postgres_type: if column_def.ty.is_through_text() {
                column_def.ty.to_string()
            } else {
                type_name(sent)
            },
            rust_type: column_def.rust_type(),
            source: Some(reason(self.row, self.position(column), error)),
        }
    }
}

/// The bytes of a row's value as they came from the server; `None` for NULL.
pub(crate) fn raw(row: &Row, column: usize) -> Option<&[u8]> {
    // A position outside of the row would be this library's mistake, and reads as NULL.
    row.try_get::<_, Raw<'_>>(column).ok().and_then(|raw| raw.0)
}

/// Columns of an entity in a result.
#[derive(Debug)]
pub(crate) struct Part {
    /// The position of the first one in the result.
    pub(crate) at: usize,
    pub(crate) def: &'static EntityDef,
    pub(crate) columns: &'static [ColumnDef],
}

/// Checks that the columns of an entity can be decoded from those of a result.
pub(crate) fn check_types(part: &Part, columns: &[Column]) -> Result<()> {
    let Part {
        at,
        def,
        columns: wanted,
    } = *part;
    for (column, sent) in wanted.iter().zip(columns.get(at..).unwrap_or_default()) {
        if !column.accepts(sent.type_()) {
            return Err(Error::Decode {
                entity: def.name,
                column: column.name,
                postgres_type: type_name(sent.type_()),
                rust_type: column.rust_type(),
                source: None,
            });
        }
    }
    Ok(())
}

/// The type of a value that a statement computes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueType {
    pub(crate) ty: PgType,
    accepts: fn(&Type) -> bool,
    rust_type: fn() -> &'static str,
}

impl ValueType {
    pub(crate) fn of<T: Field>() -> Self {
        Self {
            ty: <T::Base as Value>::TYPE,
            accepts: <T as FromSql<'static>>::accepts,
            rust_type: std::any::type_name::<T>,
        }
    }

    /// The addresses of its functions, which say of which type it is.
    pub(crate) fn functions(&self) -> [usize; 2] {
        [self.accepts as usize, self.rust_type as usize]
    }
}

/// A value that a statement computes, as a column of its result.
#[doc(hidden)]
#[derive(Debug)]
pub struct ComputedColumn {
    /// The position in the result.
    pub(crate) at: usize,
    /// What is computed, as the statement says it.
    pub(crate) sql: String,
    pub(crate) value_type: ValueType,
}

impl ComputedColumn {
    /// The value in a row of a result whose type [`check`](Self::check) has accepted.
    pub(crate) fn get<T: Field>(&self, row: &Row) -> Result<T> {
        match row.try_get(self.at) {
            Ok(OfField(value)) => Ok(value),
            Err(error) => {
                let sent = row.columns()[self.at].type_();
                Err(self.undecodable(sent, Some(reason(row, self.at, error))))
            }
        }
    }

    pub(crate) fn check(&self, columns: &[Column]) -> Result<()> {
        match columns.get(self.at).map(Column::type_) {
            Some(sent) if !(self.value_type.accepts)(sent) => Err(self.undecodable(sent, None)),
            _ => Ok(()),
        }
    }

    #[cold]
    fn undecodable(&self, sent: &Type, source: Option<BoxedError>) -> Error {
        let ty = self.value_type.ty;
        Error::DecodeExpression {
            expression: self.sql.clone(),
            postgres_type: if ty.is_through_text() {
                ty.to_string()
            } else {
                type_name(sent)
            },
            rust_type: (self.value_type.rust_type)(),
            source,
        }
    }
}

/// A type as SQL names it: the driver knows arrays by their internal name, `_int4`.
fn type_name(ty: &Type) -> String {
    match ty.kind() {
        Kind::Array(member) => format!("{member}[]"),
        _ => ty.to_string(),
    }
}

/// Why a value did not decode, in the decoder's words. The driver's own around it are only that it did not.
fn reason(row: &Row, column: usize, error: tokio_postgres::Error) -> BoxedError {
    if raw(row, column).is_none() {
        return "it is NULL".into();
    }
    match error.into_source() {
        Some(source) if source.is::<WasNull>() => "an element of it is NULL".into(),
        Some(source) => source,
        None => "its value is malformed".into(),
    }
}

/// A value whose type [`check_types`] has checked, so that the driver need not do so again for each row.
struct TypeChecked<T>(T);

impl<'a, T: FromSql<'a>> FromSql<'a> for TypeChecked<T> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        T::from_sql(ty, raw).map(Self)
    }

    fn from_sql_null(ty: &Type) -> Result<Self, BoxedError> {
        T::from_sql_null(ty).map(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// [`TypeChecked`], of a type that can be read with less work than by `FromSql`.
struct OfField<F>(F);

impl<F: Field> FromSql<'_> for OfField<F> {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, BoxedError> {
        F::from_column(ty, Some(raw)).map(Self)
    }

    fn from_sql_null(ty: &Type) -> Result<Self, BoxedError> {
        F::from_column(ty, None).map(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxedError> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
