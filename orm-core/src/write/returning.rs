//! Statements that return chosen values of the rows that they change.

use std::marker::PhantomData;

use crate::annotate::{Annotate, Annotated, Annotations};
use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::write::statement::{ReturnsOne, Statement, Wanted, at_most_one, fetch};

/// An insert, update or delete that returns values of its rows: what `.returning(User::ID)` makes.
///
/// One value is returned as it is, several as a tuple:
///
/// ```
/// # use unlazy::{Db, Entity};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let new = NewUser { email: "ann@example.org".into() };
/// let id: i64 = User::insert(new).returning(User::ID).one(&db).await?;
/// let gone: Vec<(i64, String)> = User::delete()
///     .filter(User::EMAIL.ends_with("@example.org"))
///     .returning((User::ID, User::EMAIL))
///     .all(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// INSERT INTO "users" AS t0 ("email") VALUES ($1) RETURNING t0."id"
/// DELETE FROM "users" AS t0 WHERE t0."email" LIKE $1 RETURNING t0."id", t0."email"
/// ```
#[must_use = "nothing is sent before `.one(&db).await`, `.one_or_none(&db).await` or `.all(&db).await`"]
pub struct Returning<S, A> {
    statement: S,
    values: Vec<Annotated>,
    marker: PhantomData<fn() -> A>,
}

impl<S, A> Returning<S, A> {
    pub(super) fn new<E, V>(statement: S, values: V) -> Self
    where
        V: Annotate<E, Values = A>,
    {
        Self {
            statement,
            values: values.into_annotated(),
            marker: PhantomData,
        }
    }
}

impl<S: Statement, A: Annotations> Returning<S, A> {
    /// Runs it and returns the values of each row: of an insert in the order of the new rows.
    ///
    /// # Errors
    ///
    /// Those of the statement.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<A::Alone>> {
        let mut rows = Vec::new();
        let connection = on
            .acquire()
            .connection_scoped_by(self.statement.given_scopes())
            .await?;
        let wanted = Wanted::Values(&self.values);
        if let Some(statement) = self.statement.sql(wanted, connection.scopes())? {
            fetch(&statement, &connection, &mut |row, layout| {
                rows.push(A::read(row, &layout.values)?.alone());
                Ok(())
            })
            .await?;
            self.statement.check(rows.len() as u64)?;
        }
        Ok(rows)
    }

    /// Runs it and returns the values of its only row.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if there was none ([`Error::NotWritten`](crate::Error::NotWritten) of an upsert), [`Error::TooMany`](crate::Error::TooMany) if there were
    /// several: they *are* changed, unless the transaction is rolled back. And those of the statement.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<A::Alone>
    where
        S: ReturnsOne,
    {
        let none = self.statement.none();
        self.one_or_none(on).await?.ok_or(none)
    }

    /// Runs it and returns the values of its only row, if there was one.
    ///
    /// # Errors
    ///
    /// As [`one`](Self::one), but for [`Error::NotFound`](crate::Error::NotFound).
    pub async fn one_or_none<X: Executor + ?Sized>(self, on: &X) -> Result<Option<A::Alone>> {
        at_most_one(self.all(on).await?, S::Entity::DEF)
    }
}
