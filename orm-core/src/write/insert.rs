//! New rows.

use std::marker::PhantomData;

use crate::annotate::Annotate;
use crate::column::{Column, Generated, Stored};
use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::scope::Scopes;
use crate::sql::SelectSql;
use crate::write::assign::{Assign, SetColumn};
use crate::write::new_rows::NewRows;
use crate::write::returning::Returning;
use crate::write::rows::NewRow;
use crate::write::statement::{
    ReturnsOne, Statement, Wanted, entities, exactly_one, execute, shown,
};

/// One new row. Made by `User::insert(..)`.
///
/// ```
/// # use unlazy::{Db, Entity, sql};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     email: String,
/// #     #[entity(default)]
/// #     role: String,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let ann = User::insert(NewUser { email: "ann@example.org".into() }).one(&db).await?;
/// let ben = User::insert(NewUser { email: "ben@example.org".into() })
///     .set(User::ROLE, "admin")
///     .one(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// INSERT INTO "users" AS t0 ("email") VALUES ($1) RETURNING "id", "email", "role"
/// INSERT INTO "users" AS t0 ("email", "role") VALUES ($1, $2) RETURNING "id", "email", "role"
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.one(&db).await` or `.execute(&db).await`"]
pub struct Insert<E> {
    pub(super) rows: NewRows,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Insert<E> {
    #[doc(hidden)]
    pub fn new(new: impl NewRow<E>) -> Self {
        Self {
            rows: NewRows::new::<E, _>([new]),
            marker: PhantomData,
        }
    }

    /// Sets a column too, such as one with a default. Of several values for one column the last one counts.
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<(), C::Value>) -> Self {
        self.rows.set(column.column_def(), value);
        self
    }

    /// Sets a column that the database generates otherwise, as when a row is imported: `OVERRIDING SYSTEM VALUE`.
    ///
    /// The sequence of an identity column does not learn of it, and will come to the same value.
    pub fn set_generated<T>(
        mut self,
        column: Column<E, T, Stored<Generated>>,
        value: impl Assign<(), T>,
    ) -> Self {
        self.rows.set(column.def(), value);
        self
    }

    /// Returns values of the new row instead of the entity: `.returning(User::ID).one(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }

    /// The statement that [`execute`](Self::execute) would send.
    pub fn to_sql(&self) -> Vec<String> {
        shown(self.rows.sql(Wanted::Nothing, &Scopes::shown()))
    }

    /// Inserts it and returns it as it was stored: `INSERT INTO users (email) VALUES ($1) RETURNING id, email`.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses the row.
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<E> {
        exactly_one(entities(&self, on).await?, E::DEF)
    }

    /// Inserts it and returns nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses the row.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<()> {
        execute(&self, on).await.map(drop)
    }
}

/// Any number of new rows, inserted by one statement. Made by `User::insert_many(..)`.
///
/// Each column is one parameter, an array, so that the statement is the same for any number of rows; a single row is inserted as by
/// [`Insert`].
///
/// ```sql
/// INSERT INTO "users" AS t0 ("email", "age") SELECT * FROM unnest($1::text[], $2::int4[]) RETURNING "id", "email", "age"
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is inserted before `.all(&db).await` or `.execute(&db).await`"]
pub struct InsertMany<E> {
    pub(super) rows: NewRows,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> InsertMany<E> {
    #[doc(hidden)]
    pub fn new<N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Self {
        Self {
            rows: NewRows::new(new),
            marker: PhantomData,
        }
    }

    /// Sets a column of all rows too, such as one with a default. Where each row has a value of its own, it is a field of a
    /// struct with `#[derive(Insert)]`.
    pub fn set<C: SetColumn<E>>(mut self, column: C, value: impl Assign<(), C::Value>) -> Self {
        self.rows.set(column.column_def(), value);
        self
    }

    /// Returns values of the new rows instead of entities: `.returning(User::ID).all(&db)`.
    pub fn returning<V: Annotate<E>>(self, values: V) -> Returning<Self, V::Values> {
        Returning::new(self, values)
    }

    /// The statement that [`execute`](Self::execute) would send. There is none without a row.
    pub fn to_sql(&self) -> Vec<String> {
        shown(self.rows.sql(Wanted::Nothing, &Scopes::shown()))
    }

    /// Inserts them and returns them as they were stored, in the order in which they were given.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a row; then none is inserted.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<E>> {
        entities(&self, on).await
    }

    /// Inserts them and returns their number.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`](crate::Error::Constraint) if a constraint refuses a row; then none is inserted.
    pub async fn execute<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        execute(&self, on).await
    }
}

impl<E: Entity> Statement for Insert<E> {
    type Entity = E;

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        Ok(self.rows.sql(wanted, scopes))
    }
}

impl<E: Entity> Statement for InsertMany<E> {
    type Entity = E;

    fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Result<Option<SelectSql>> {
        Ok(self.rows.sql(wanted, scopes))
    }
}

impl<E: Entity> ReturnsOne for Insert<E> {}
impl<E: Entity> ReturnsOne for InsertMany<E> {}
