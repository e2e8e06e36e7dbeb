//! Changed rows.

use std::marker::PhantomData;

use tokio_postgres::types::ToSql;

use crate::bind::Bind;
use crate::column::Column;
use crate::db::{Executor, connect};
use crate::entity::{ColumnDef, Entity};
use crate::error::Result;
use crate::predicate::Filter;
use crate::query::key_condition;
use crate::record::Record;
use crate::scope::{Scope, Scopes};
use crate::select::Select;
use crate::sql::{self, Place, Table, Writer};
use crate::value::{IntoValue, PgType};
use crate::write::{
    EntityMarker, Filtered, SaysWhich, Unfiltered, exactly_one, fetch_entities, returning,
};

/// What a column of type `T` can be set to: a `T`, for text a `&str`, and for a nullable column also the value without
/// `Some`.
#[diagnostic::on_unimplemented(
    message = "a column of type `{T}` cannot be set to a `{Self}`",
    label = "expected a `{T}`"
)]
pub trait Assign<T> {
    #[doc(hidden)]
    fn into_bind(self, ty: PgType) -> Bind;
}

impl<T: ToSql + Send + Sync + 'static> Assign<T> for T {
    fn into_bind(self, ty: PgType) -> Bind {
        Bind::typed(self, ty)
    }
}

impl<V: ToSql + Send + Sync + 'static> Assign<Option<V>> for V {
    fn into_bind(self, ty: PgType) -> Bind {
        Bind::typed(self, ty)
    }
}

impl Assign<String> for &str {
    fn into_bind(self, ty: PgType) -> Bind {
        Bind::typed(self.to_owned(), ty)
    }
}

impl Assign<Option<String>> for &str {
    fn into_bind(self, ty: PgType) -> Bind {
        Bind::typed(self.to_owned(), ty)
    }
}

/// An update. Made by `User::update()`.
///
/// It can be run once it says which rows it is for: [`of`](Self::of) an entity, [`filter`](Self::filter)ed, or
/// [`all_rows`](Self::all_rows).
#[derive(Debug, Clone)]
#[must_use = "nothing is updated before `.execute(&db).await` or `.one(&db).await`"]
pub struct Update<E, F = Unfiltered> {
    assignments: Vec<(&'static ColumnDef, Bind)>,
    select: Select,
    marker: EntityMarker<E, F>,
}

impl<E: Entity> Update<E> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            assignments: Vec::new(),
            select: Select::of(E::DEF),
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Update<E, F> {
    /// `SET email = $1`. Of several calls for one column the last one counts.
    pub fn set<T>(mut self, column: Column<E, T>, value: impl Assign<T>) -> Self {
        let column = column.def();
        self.assignments
            .retain(|(other, _)| other.name != column.name);
        self.assignments.push((column, value.into_bind(column.ty)));
        self
    }

    /// Only the rows that fulfil a condition. Further calls add further conditions.
    pub fn filter(mut self, condition: impl Filter<E>) -> Update<E, Filtered> {
        self.select.filter(condition.into_expr());
        self.filtered()
    }

    /// Only the row of this entity.
    pub fn of(mut self, entity: &impl Record<Entity = E>) -> Update<E, Filtered> {
        self.select.filter(key_condition::<E>(entity.key_binds()));
        self.filtered()
    }

    /// All rows of the table that its scopes do not hide.
    pub fn all_rows(self) -> Update<E, Filtered> {
        self.filtered()
    }

    /// Gives a [scope](crate::Scope) its value; see [`Query::scope`](crate::Query::scope).
    pub fn scope<S: Scope>(mut self, value: impl IntoValue<S::Value>) -> Self {
        self.select.scopes = self.select.scopes.with::<S>(value);
        self
    }

    /// Rows that the [scopes](crate::Scope) of the entity hide are changed too. It is still to be said which.
    pub fn unscoped(mut self) -> Self {
        self.select.lift();
        self
    }

    fn filtered(self) -> Update<E, Filtered> {
        Update {
            assignments: self.assignments,
            select: self.select,
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Update<E, F> {
    /// Changes the rows and returns their number. Without a column to set nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a change; then nothing is changed.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64>
    where
        F: SaysWhich,
    {
        if self.assignments.is_empty() {
            return Ok(0);
        }
        let connection = connect(on, &self.select.scopes).await?;
        let statement = self.write(connection.scopes()).finish();
        connection.execute(&statement).await
    }

    /// Changes the rows and returns them: `UPDATE users SET email = $1 WHERE id = $2 RETURNING id, email`.
    /// Without a column to set it returns the rows as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a change; then nothing is changed.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>>
    where
        F: SaysWhich,
    {
        let connection = connect(on, &self.select.scopes).await?;
        let scopes = connection.scopes();
        let statement = if self.assignments.is_empty() {
            sql::root(E::DEF, &self.select, &[], scopes)
        } else {
            returning(self.write(scopes), E::DEF)
        };
        fetch_entities(&statement, &connection).await
    }

    /// Changes one row and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if there was no such row; as [`all`](Self::all) otherwise.
    /// [`Error::TooMany`](crate::Error::TooMany) if it was more than one: they *are* changed, unless the transaction is
    /// rolled back.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<E>
    where
        F: SaysWhich,
    {
        exactly_one(self.all(on).await?)
    }

    fn write(&self, scopes: &Scopes) -> Writer {
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        writer.write(format_args!("UPDATE {} AS {table} SET ", Table::of(E::DEF)));
        for (position, (column, bind)) in self.assignments.iter().enumerate() {
            writer.separate(position);
            writer.name(column.name);
            writer.push(" = ");
            writer.bind(bind);
        }
        sql::conditions(&mut writer, &self.select, Place::of(table), " WHERE ");
        writer
    }
}
