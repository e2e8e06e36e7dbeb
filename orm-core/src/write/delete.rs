//! Deleted rows.

use std::marker::PhantomData;

use futures_util::future::BoxFuture;

use crate::annotate::Annotate;
use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::predicate::Filter;
use crate::record::Record;
use crate::scope::{Scope, Scopes, SoftDelete};
use crate::sql::{self, Place, SelectSql, Table, Writer};
use crate::value::IntoValue;
use crate::write::returning::Returning;
use crate::write::statement::{
    ReturnsOne, Statement, Wanted, at_most_one, entities, exactly_one, execute, shown,
};
use crate::write::which::Which;
use crate::write::{EntityMarker, Filtered, SaysWhich, Unfiltered};

/// A delete. Made by `User::delete()`.
///
/// It can be run once it says which rows it is for: [`of`](Self::of) an entity, [`filter`](Self::filter)ed, or
/// [`all_rows`](Self::all_rows).
///
/// Rows of an entity with a [`soft_delete`](crate::SoftDelete) column are marked as deleted by it, and stay in
/// the table: see [`for_good`](Self::for_good).
#[derive(Debug, Clone)]
#[must_use = "nothing is deleted before `.execute(&db).await` or `.all(&db).await`"]
pub struct Delete<E, F = Unfiltered> {
    which: Which,
    for_good: bool,
    marker: EntityMarker<E, F>,
}

impl<E: Entity> Delete<E> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            which: Which::all(E::DEF),
            for_good: false,
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Delete<E, F> {
    /// Only the rows that fulfil a condition. Further calls add further conditions.
    pub fn filter(mut self, condition: impl Filter<E>) -> Delete<E, Filtered> {
        self.which.select.filter(condition.into_expr());
        self.filtered()
    }

    /// Only the row of this entity, whatever is loaded with it.
    ///
    /// If the entity has a `version`, only if that is still the row's: otherwise running the
    /// delete is [`Error::Stale`](crate::Error::Stale).
    pub fn of(mut self, entity: &impl Record<Entity = E>) -> Delete<E, Filtered> {
        self.which.of(entity);
        self.filtered()
    }

    /// All rows of the table that its scopes do not hide.
    pub fn all_rows(self) -> Delete<E, Filtered> {
        self.filtered()
    }

    /// Gives a [scope](crate::Scope) its value; see [`Query::scope`](crate::Query::scope).
    pub fn scope<S: Scope>(mut self, value: impl IntoValue<S::Value>) -> Self {
        let select = &mut self.which.select;
        select.scopes = select.scopes.with::<S>(value);
        self
    }

    /// Rows that the [scopes](crate::Scope) of the entity hide are deleted too. It is still to be said which.
    pub fn unscoped(mut self) -> Self {
        self.which.select.lift();
        self
    }

    /// Rows that are [deleted softly](crate::SoftDelete) already are deleted too, which makes a difference
    /// [for good](Self::for_good) only.
    pub fn with_deleted(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.which.select.lift_deleted();
        self
    }

    /// Takes the rows out of the table, though they could be [deleted softly](crate::SoftDelete).
    ///
    /// Rows that are deleted softly already stay hidden from it. To delete those too:
    /// `User::delete().with_deleted().for_good().filter(User::DELETED_AT.lt(long_ago))`.
    pub fn for_good(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.for_good = true;
        self
    }

    fn filtered(self) -> Delete<E, Filtered> {
        Delete {
            which: self.which,
            for_good: self.for_good,
            marker: PhantomData,
        }
    }

    /// Returns values of the deleted rows instead of entities: `.returning(User::ID).all(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Delete<E, Filtered>, V::Values>
    where
        F: SaysWhich,
    {
        Returning::new(self.filtered(), values)
    }

    /// The statement that [`execute`](Self::execute) would send.
    pub fn to_sql(&self) -> Vec<String> {
        shown(Some(self.sql(Wanted::Nothing, &Scopes::shown())))
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> SelectSql {
        let Which { def, select, .. } = &self.which;
        let deletion = def.deletion().filter(|_| !self.for_good);
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        match deletion {
            None => {
                writer.write(format_args!("DELETE FROM {} AS {table}", Table::of(def)));
                sql::conditions(&mut writer, select, Place::of(table), " WHERE ");
            }
            Some(deletion) => {
                writer.write(format_args!("UPDATE {} AS {table} SET ", Table::of(def)));
                writer.name(deletion.column().name);
                writer.push(deletion.mark());
                writer.next_version(def, table);
                let select = deletion.not_yet(select.clone());
                sql::conditions(&mut writer, &select, Place::of(table), " WHERE ");
            }
        }
        wanted.of(writer, table)
    }
}

/// Running it. What runs it is a future like that of an `async fn`: nothing is sent before it is awaited.
// As those of `Update`.
impl<E: Entity, F> Delete<E, F> {
    /// Deletes the rows and returns their number: `DELETE FROM users WHERE id = $1`.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a row is still referred to; then nothing is deleted.
    /// [`Error::Stale`](crate::Error::Stale) if it is [`of`](Self::of) an entity with a version, and no row was deleted.
    pub fn execute<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<u64>>
    where
        F: SaysWhich,
    {
        let delete = self.filtered();
        Box::pin(async move { execute(&delete, on).await })
    }

    /// Deletes the rows and returns them as they were, or as they are if they are deleted softly.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn all<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<Vec<E>>>
    where
        F: SaysWhich,
    {
        let delete = self.filtered();
        Box::pin(async move { entities(&delete, on).await })
    }

    /// Deletes one row and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if there was no such row; as [`execute`](Self::execute) otherwise.
    /// [`Error::TooMany`](crate::Error::TooMany) if it was more than one: they *are* deleted, unless the transaction is
    /// rolled back.
    pub fn one<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<E>>
    where
        F: SaysWhich,
    {
        let delete = self.filtered();
        Box::pin(async move { exactly_one(entities(&delete, on).await?, E::DEF) })
    }

    /// Deletes one row, if it is there, and returns it.
    ///
    /// # Errors
    ///
    /// As [`one`](Self::one), but for [`Error::NotFound`](crate::Error::NotFound).
    pub fn one_or_none<'x, X: Executor + ?Sized>(
        self,
        on: &'x X,
    ) -> BoxFuture<'x, Result<Option<E>>>
    where
        F: SaysWhich,
    {
        let delete = self.filtered();
        Box::pin(async move { at_most_one(entities(&delete, on).await?, E::DEF) })
    }
}

impl<E: Entity> ReturnsOne for Delete<E, Filtered> {}

impl<E: Entity> Statement for Delete<E, Filtered> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        &self.which.select.scopes
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        Ok(Some(self.sql(wanted, scopes)))
    }

    fn check(&self, rows: u64) -> Result<()> {
        self.which.check(rows)
    }
}
