//! The values of new rows, and how they are sent: one by one, or each column as one array.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::bind::{Parameter, encode_array, member_of};
use crate::entity::Entity;
use crate::value::BoxedError;

/// A value of a column. It is `ToSql` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a column",
    label = "the driver cannot send a value of this type"
)]
#[doc(hidden)]
pub trait ColumnValue: ToSql {}

#[diagnostic::do_not_recommend]
impl<T: ToSql> ColumnValue for T {}

/// The values of a new row of `E`. The derive makes `NewUser` with every column that an insert has to set;
/// `#[derive(Insert)]` makes one of a struct of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a new row of `{E}`",
    label = "expected a `New{E}`, or a struct with `#[derive(Insert)]` and `#[insert({E})]`",
    note = "a row with rows of its relations, `NewUser {{ .. }}.with(..)`, is inserted by `insert_with` or `insert_many_with`"
)]
pub trait NewRow<E: Entity>: Send + Sync + 'static {
    /// The positions of the columns that are set, in the entity's list of columns.
    const COLUMNS: &'static [usize];

    /// The value of a column, by its place in [`COLUMNS`](Self::COLUMNS).
    #[doc(hidden)]
    fn value(&self, column: usize) -> &(dyn ColumnValue + Sync);
}

/// What is never asked for: the value of a column that is not in [`NewRow::COLUMNS`].
#[doc(hidden)]
pub fn no_value() -> ! {
    unreachable!("a new row is asked only for the columns that it has")
}

/// New rows of whatever type.
pub(super) trait Rows: Send + Sync {
    fn len(&self) -> usize;
    fn value(&self, row: usize, column: usize) -> &(dyn ColumnValue + Sync);
}

struct RowsOf<E, N> {
    rows: Vec<N>,
    marker: PhantomData<fn() -> E>,
}

pub(super) fn rows<E: Entity, N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Arc<dyn Rows> {
    Arc::new(RowsOf::<E, N> {
        rows: new.into_iter().collect(),
        marker: PhantomData,
    })
}

impl<E: Entity, N: NewRow<E>> Rows for RowsOf<E, N> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn value(&self, row: usize, column: usize) -> &(dyn ColumnValue + Sync) {
        self.rows[row].value(column)
    }
}

impl fmt::Debug for dyn Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.len())
    }
}

/// The value of one column in the only row.
#[derive(Debug)]
struct Cell {
    rows: Arc<dyn Rows>,
    column: usize,
}

pub(super) fn cell(rows: &Arc<dyn Rows>, column: usize) -> Parameter {
    Arc::new(Cell {
        rows: Arc::clone(rows),
        column,
    })
}

impl ToSql for Cell {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        self.rows.value(0, self.column).to_sql_checked(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The values of one column in all rows, as an array.
#[derive(Debug)]
struct ColumnArray {
    rows: Arc<dyn Rows>,
    column: usize,
}

pub(super) fn column_array(rows: &Arc<dyn Rows>, column: usize) -> Parameter {
    Arc::new(ColumnArray {
        rows: Arc::clone(rows),
        column,
    })
}

impl ToSql for ColumnArray {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let values = (0..self.rows.len()).map(|row| self.rows.value(row, self.column) as _);
        encode_array(values, member_of(ty), out)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}
