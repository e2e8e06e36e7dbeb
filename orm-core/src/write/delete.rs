//! Deleted rows.

use std::marker::PhantomData;

use crate::annotate::Annotate;
use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::predicate::Filter;
use crate::query::key_condition;
use crate::record::Record;
use crate::scope::{Scope, Scopes};
use crate::select::Select;
use crate::sql::{self, Place, SelectSql, Table, Writer};
use crate::value::IntoValue;
use crate::write::returning::Returning;
use crate::write::statement::{Statement, Wanted, entities, execute};
use crate::write::{EntityMarker, Filtered, SaysWhich, Unfiltered};

/// A delete. Made by `User::delete()`.
///
/// It can be run once it says which rows it is for: [`of`](Self::of) an entity, [`filter`](Self::filter)ed, or
/// [`all_rows`](Self::all_rows).
#[derive(Debug, Clone)]
#[must_use = "nothing is deleted before `.execute(&db).await` or `.all(&db).await`"]
pub struct Delete<E, F = Unfiltered> {
    select: Select,
    marker: EntityMarker<E, F>,
}

impl<E: Entity> Delete<E> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            select: Select::of(E::DEF),
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Delete<E, F> {
    /// Only the rows that fulfil a condition. Further calls add further conditions.
    pub fn filter(mut self, condition: impl Filter<E>) -> Delete<E, Filtered> {
        self.select.filter(condition.into_expr());
        self.filtered()
    }

    /// Only the row of this entity.
    pub fn of(mut self, entity: &impl Record<Entity = E>) -> Delete<E, Filtered> {
        self.select.filter(key_condition::<E>(entity.key_binds()));
        self.filtered()
    }

    /// All rows of the table that its scopes do not hide.
    pub fn all_rows(self) -> Delete<E, Filtered> {
        self.filtered()
    }

    /// Gives a [scope](crate::Scope) its value; see [`Query::scope`](crate::Query::scope).
    pub fn scope<S: Scope>(mut self, value: impl IntoValue<S::Value>) -> Self {
        self.select.scopes = self.select.scopes.with::<S>(value);
        self
    }

    /// Rows that the [scopes](crate::Scope) of the entity hide are deleted too. It is still to be said which.
    pub fn unscoped(mut self) -> Self {
        self.select.lift();
        self
    }

    fn filtered(self) -> Delete<E, Filtered> {
        Delete {
            select: self.select,
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F: SaysWhich> Delete<E, F> {
    /// Returns values of the deleted rows instead of entities: `.returning(User::ID).all(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }
}

impl<E: Entity, F> Delete<E, F> {
    /// Deletes the rows and returns their number: `DELETE FROM users WHERE id = $1`.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a row is still referred to; then nothing is deleted.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64>
    where
        F: SaysWhich,
    {
        execute(&self, on).await
    }

    /// Deletes the rows and returns them as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a row is still referred to; then nothing is deleted.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>>
    where
        F: SaysWhich,
    {
        entities(&self, on).await
    }
}

impl<E: Entity, F: SaysWhich> Statement for Delete<E, F> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        &self.select.scopes
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        writer.write(format_args!("DELETE FROM {} AS {table}", Table::of(E::DEF)));
        sql::conditions(&mut writer, &self.select, Place::of(table), " WHERE ");
        Ok(Some(wanted.of(writer, table)))
    }
}
