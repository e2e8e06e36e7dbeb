//! What is checked of a `#[derive(Insert)]` while the program compiles.

use crate::column::{Column, Generated, Stored};
use crate::entity::{ColumnDef, Entity};
use crate::load::{Deferred, DeferredColumn};

/// A field whose value goes into a column of type `T`: of the same type, or for a nullable column without its `Option`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be inserted into a column of type `{T}`",
    label = "the column is of type `{T}`"
)]
#[doc(hidden)]
pub trait ValueOfColumn<T> {}

impl<T> ValueOfColumn<T> for T {}
impl<T> ValueOfColumn<Option<T>> for T {}

/// A column that the database generates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column of `{E}` that the database generates",
    label = "this column is set like any other: leave out `#[insert(generated)]`"
)]
#[doc(hidden)]
pub trait GeneratedColumn<E> {
    type Value;
}

impl<E: Entity, T> GeneratedColumn<E> for Column<E, T, Stored<Generated>> {
    type Value = T;
}

/// Compiles only if a field of type `F` can be inserted into the column.
pub const fn check_column<E, F, C>(_: C)
where
    C: InsertedColumn<E> + Copy,
    F: ValueOfColumn<C::Value>,
{
}

/// Compiles only if a field of type `F` can be inserted into the column, which the database generates otherwise.
pub const fn check_generated_column<E, F, C>(_: C)
where
    C: GeneratedColumn<E> + Copy,
    F: ValueOfColumn<C::Value>,
{
}

/// A column that an insert sets.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not set by inserts",
    label = "the database generates this column",
    note = "to set it all the same, as when rows are imported, say so at the field: `#[insert(generated)]`"
)]
#[doc(hidden)]
pub trait InsertedColumn<E> {
    type Value;
}

impl<E: Entity, T> InsertedColumn<E> for Column<E, T> {
    type Value = T;
}

impl<E: Entity, D: DeferredColumn<Owner = E>> InsertedColumn<E> for Deferred<D> {
    type Value = D::Content;
}

/// Compiles only if these columns are all that a new row of the entity needs.
pub const fn check_required_columns<E: Entity>(set: &[usize], row: &str) {
    let def = E::DEF;
    let mut position = 0;
    while position < def.columns.len() {
        let column = &def.columns[position];
        if column.is_required() && !contains(set, position) {
            panic!("{}", missing(row, column, def.name).as_str());
        }
        position += 1;
    }
}

const fn contains(positions: &[usize], position: usize) -> bool {
    let mut i = 0;
    while i < positions.len() {
        if positions[i] == position {
            return true;
        }
        i += 1;
    }
    false
}

const fn missing(row: &str, column: &ColumnDef, entity: &str) -> Message {
    Message::new()
        .push("`")
        .push(row)
        .push("` does not set `")
        .push(column.field)
        .push("`, which every new `")
        .push(entity)
        .push("` needs")
}

/// A text that is put together while the program compiles.
struct Message {
    text: [u8; Self::MAX],
    len: usize,
}

impl Message {
    const MAX: usize = 512;

    const fn new() -> Self {
        Self {
            text: [0; Self::MAX],
            len: 0,
        }
    }

    /// What does not fit is left out.
    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < Self::MAX {
            self.text[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.text.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a required column is not set",
        }
    }
}
