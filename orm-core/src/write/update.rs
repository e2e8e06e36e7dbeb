//! Changed rows.

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
use crate::write::assign::{Assign, Assignments, SetColumn};
use crate::write::patch::{Changes, Patch};
use crate::write::returning::Returning;
use crate::write::statement::{
    ReturnsOne, Statement, Wanted, at_most_one, entities, exactly_one, execute, shown,
};
use crate::write::which::Which;
use crate::write::{EntityMarker, Filtered, SaysWhich, Unfiltered};

/// An update. Made by `User::update()`.
///
/// It can be run once it says which rows it is for: [`of`](Self::of) an entity, [`filter`](Self::filter)ed, or
/// [`all_rows`](Self::all_rows).
///
/// ```
/// # use unlazy::{Db, Entity};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// #     visits: i32,
/// # }
/// # async fn example(user: User, db: Db) -> unlazy::Result<()> {
/// let user: User = User::update().of(&user).set(User::EMAIL, "ann@example.org").one(&db).await?;
/// let changed: u64 = User::update()
///     .filter(User::EMAIL.ends_with("@example.org"))
///     .set(User::VISITS, User::VISITS + 1)
///     .execute(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// UPDATE "users" AS t0 SET "email" = $1 WHERE t0."id" = $2 RETURNING "id", "email", "visits"
/// UPDATE "users" AS t0 SET "visits" = t0."visits" + $1 WHERE t0."email" LIKE $2
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is updated before `.execute(&db).await` or `.one(&db).await`"]
pub struct Update<E, F = Unfiltered> {
    assignments: Assignments,
    which: Which,
    marker: EntityMarker<E, F>,
}

impl<E: Entity> Update<E> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            assignments: Assignments::default(),
            which: Which::all(E::DEF),
            marker: PhantomData,
        }
    }
}

impl<E: Entity, F> Update<E, F> {
    /// `SET email = $1`. Of several calls for one column the last one counts.
    ///
    /// The value is one of the column's type or a reference to it, a column or [`Expression`](crate::Expression) of the
    /// same entity, or SQL of your own:
    ///
    /// ```
    /// # use unlazy::{Db, Entity, Unloaded, sql};
    /// # #[derive(Entity)]
    /// # #[entity(table = "users")]
    /// # struct User<Posts = Unloaded> {
    /// #     #[entity(primary_key, generated)]
    /// #     id: i64,
    /// #     email: String,
    /// #     number_of_posts: i64,
    /// #     #[entity(has_many(Post, foreign_key = author_id))]
    /// #     posts: Posts,
    /// # }
    /// # #[derive(Entity)]
    /// # #[entity(table = "posts")]
    /// # struct Post { #[entity(primary_key)] id: i64, author_id: i64 }
    /// # async fn example(db: Db) -> unlazy::Result<()> {
    /// let update = User::update()
    ///     .all_rows()
    ///     .set(User::EMAIL, sql!("lower($1)", User::EMAIL))
    ///     .set(User::NUMBER_OF_POSTS, User::POSTS.count());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```sql
    /// UPDATE "users" AS t0 SET "email" = (lower(t0."email")),
    ///     "number_of_posts" = (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id")
    /// ```
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<E, C::Value>) -> Self {
        let column = column.column_def();
        self.assignments.set(column, value.into_assigned(column.ty));
        self
    }

    /// Sets the columns that a [`Patch`] changes. Where they are set otherwise too, the last call counts.
    pub fn patch(mut self, patch: impl Patch<E>) -> Self {
        patch.changes(&mut Changes::new(&mut self.assignments));
        self
    }

    /// Only the rows that fulfil a condition. Further calls add further conditions.
    pub fn filter(mut self, condition: impl Filter<E>) -> Update<E, Filtered> {
        self.which.select.filter(condition.into_expr());
        self.filtered()
    }

    /// Only the row of this entity, whatever is loaded with it.
    ///
    /// If the entity has a `version`, only if that is still the row's: otherwise running the
    /// update is [`Error::Stale`](crate::Error::Stale).
    pub fn of(mut self, entity: &impl Record<Entity = E>) -> Update<E, Filtered> {
        self.which.of(entity);
        self.filtered()
    }

    /// All rows of the table that its scopes do not hide.
    pub fn all_rows(self) -> Update<E, Filtered> {
        self.filtered()
    }

    /// Gives a [scope](crate::Scope) its value; see [`Query::scope`](crate::Query::scope).
    pub fn scope<S: Scope>(mut self, value: impl IntoValue<S::Value>) -> Self {
        let select = &mut self.which.select;
        select.scopes = select.scopes.with::<S>(value);
        self
    }

    /// Rows that the [scopes](crate::Scope) of the entity hide are changed too. It is still to be said which.
    pub fn unscoped(mut self) -> Self {
        self.which.select.lift();
        self
    }

    /// Rows that are [deleted softly](crate::SoftDelete) are changed too, as to restore one:
    /// `User::update().with_deleted().of(&user).set(User::DELETED_AT, None)`.
    pub fn with_deleted(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.which.select.lift_deleted();
        self
    }

    fn filtered(self) -> Update<E, Filtered> {
        Update {
            assignments: self.assignments,
            which: self.which,
            marker: PhantomData,
        }
    }

    /// Returns values of the changed rows instead of entities, as they are now: `.returning(User::VISITS).one(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Update<E, Filtered>, V::Values>
    where
        F: SaysWhich,
    {
        Returning::new(self.filtered(), values)
    }

    /// The statement that [`execute`](Self::execute) would send. There is none without a column to set.
    pub fn to_sql(&self) -> Vec<String> {
        shown(self.sql(Wanted::Nothing, &Scopes::shown()))
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Option<SelectSql> {
        let Which { def, select, .. } = &self.which;
        if self.assignments.is_empty() {
            return wanted.unchanged(def, select, scopes);
        }
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        writer.write(format_args!("UPDATE {} AS {table} SET ", Table::of(def)));
        self.assignments.write(&mut writer, table);
        writer.next_version(def, table);
        sql::conditions(&mut writer, select, Place::of(table), " WHERE ");
        Some(wanted.of(writer, table))
    }
}

/// Running it. What runs it is a future like that of an `async fn`: nothing is sent before it is awaited.
// They are no `async fn`s because the type of such a future names that of the statement: without saying which rows, each call
// would be three errors.
impl<E: Entity, F> Update<E, F> {
    /// Changes the rows and returns their number. Without a column to set nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a change; then nothing is changed.
    /// [`Error::Stale`](crate::Error::Stale) if it is [`of`](Self::of) an entity with a version, and no row was changed.
    pub fn execute<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<u64>>
    where
        F: SaysWhich,
    {
        let update = self.filtered();
        Box::pin(async move { execute(&update, on).await })
    }

    /// Changes the rows and returns them: `UPDATE users SET email = $1 WHERE id = $2 RETURNING id, email`.
    /// Without a column to set it returns the rows as they are.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn all<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<Vec<E>>>
    where
        F: SaysWhich,
    {
        let update = self.filtered();
        Box::pin(async move { entities(&update, on).await })
    }

    /// Changes one row and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if there was no such row; as [`execute`](Self::execute) otherwise.
    /// [`Error::TooMany`](crate::Error::TooMany) if it was more than one: they *are* changed, unless the transaction is
    /// rolled back.
    pub fn one<'x, X: Executor + ?Sized>(self, on: &'x X) -> BoxFuture<'x, Result<E>>
    where
        F: SaysWhich,
    {
        let update = self.filtered();
        Box::pin(async move { exactly_one(entities(&update, on).await?, E::DEF) })
    }

    /// Changes one row, if it is there, and returns it.
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
        let update = self.filtered();
        Box::pin(async move { at_most_one(entities(&update, on).await?, E::DEF) })
    }
}

impl<E: Entity> ReturnsOne for Update<E, Filtered> {}

impl<E: Entity> Statement for Update<E, Filtered> {
    type Entity = E;

    fn given_scopes(&self) -> &Scopes {
        &self.which.select.scopes
    }

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        Ok(self.sql(wanted, scopes))
    }

    fn check(&self, rows: u64) -> Result<()> {
        self.which.check(rows)
    }
}
