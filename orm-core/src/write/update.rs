//! Changed rows.

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
use crate::write::assign::{Assign, Assignments, SetColumn};
use crate::write::returning::Returning;
use crate::write::statement::{Statement, Wanted, entities, exactly_one, execute};
use crate::write::{EntityMarker, Filtered, SaysWhich, Unfiltered};

/// An update. Made by `User::update()`.
///
/// It can be run once it says which rows it is for: [`of`](Self::of) an entity, [`filter`](Self::filter)ed, or
/// [`all_rows`](Self::all_rows).
#[derive(Debug, Clone)]
#[must_use = "nothing is updated before `.execute(&db).await` or `.one(&db).await`"]
pub struct Update<E, F = Unfiltered> {
    assignments: Assignments,
    select: Select,
    marker: EntityMarker<E, F>,
}

impl<E: Entity> Update<E> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            assignments: Assignments::default(),
            select: Select::of(E::DEF),
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Update<E, F> {
    /// `SET email = $1`. Of several calls for one column the last one counts.
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<E, C::Value>) -> Self {
        let column = column.column_def();
        self.assignments.set(column, value.into_assigned(column.ty));
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

impl<E: Entity, F: SaysWhich> Update<E, F> {
    /// Returns values of the changed rows instead of entities, as they are now: `.returning(User::VISITS).one(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
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
        execute(&self, on).await
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
        entities(&self, on).await
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
        exactly_one(self.all(on).await?, E::DEF)
    }
}

impl<E: Entity, F: SaysWhich> Statement for Update<E, F> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        &self.select.scopes
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        if self.assignments.is_empty() {
            return Ok(wanted.unchanged(E::DEF, &self.select, scopes));
        }
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        writer.write(format_args!("UPDATE {} AS {table} SET ", Table::of(E::DEF)));
        for (position, (column, value)) in self.assignments.iter().enumerate() {
            writer.separate(position);
            writer.name(column.name);
            writer.push(" = ");
            writer.expr(value, table);
        }
        sql::conditions(&mut writer, &self.select, Place::of(table), " WHERE ");
        Ok(Some(wanted.of(writer, table)))
    }
}
