//! Deleted rows.

use std::marker::PhantomData;

use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::predicate::Filter;
use crate::query::key_condition;
use crate::record::Record;
use crate::select::Select;
use crate::sql::{self, Place, Table, Writer};
use crate::write::{EntityMarker, Filtered, SaysWhich, Unfiltered, fetch_entities, returning};

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
            select: Select::default(),
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

    /// All rows of the table.
    pub fn all_rows(self) -> Delete<E, Filtered> {
        self.filtered()
    }

    fn filtered(self) -> Delete<E, Filtered> {
        Delete {
            select: self.select,
            marker: PhantomData,
        }
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
        on.acquire().await?.execute(&self.write().finish()).await
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
        fetch_entities(&returning(self.write(), E::DEF), on).await
    }

    fn write(&self) -> Writer {
        let mut writer = Writer::new();
        let table = writer.next_alias();
        writer.write(format_args!("DELETE FROM {} AS {table}", Table::of(E::DEF)));
        sql::conditions(&mut writer, &self.select, Place::of(table), " WHERE ");
        writer
    }
}
