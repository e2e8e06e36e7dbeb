//! Queries: which entities, in which order, and what is loaded with them.

mod aggregate;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::aggregate::Aggregate;
use crate::annotate::{Annotate, Annotations, NotAnnotated};
use crate::bind::{BindArray, Parameter};
use crate::db::{Connection, Executor};
use crate::entity::{ColumnDef, Entity, EntityDef, KeyBinds};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::fragment::Fragment;
use crate::load::{Filled, FilledIf, If, Loads, Put, nodes};
use crate::lock::Lock;
use crate::order::OrderBy;
use crate::predicate::Filter;
use crate::query::aggregate::scalar;
use crate::relation::IntoLoad;
use crate::run::{How, run, statements};
use crate::scope::{Scope, SoftDelete};
use crate::select::{Count, Select};
use crate::sql;
use crate::stream::{EntityStream, stream};
use crate::value::IntoValue;

/// A query for entities `E`, with the load slots `L` of its relations and the values `A` next to each entity.
///
/// It is a plain value; a clone of it can be run again. Nothing happens before one of its `async` methods is awaited.
///
/// The order of the result is the one asked for, then the primary key. One row by its key needs none.
#[must_use = "a query does nothing until it is run, for example with `.all(&db).await`"]
pub struct Query<E: Entity, L = <E as Entity>::Loads, A = ()> {
    select: Select,
    loads: L,
    how: How,
    marker: PhantomData<fn() -> (E, A)>,
}

impl<E: Entity, L: Clone, A> Clone for Query<E, L, A> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            loads: self.loads.clone(),
            how: self.how,
            marker: PhantomData,
        }
    }
}

impl<E: Entity, L, A> fmt::Debug for Query<E, L, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("entity", &E::DEF.name)
            .field("select", &self.select)
            .finish_non_exhaustive()
    }
}

impl<E: Entity> Query<E> {
    /// All rows of the entity's table. `User::query()` is the same.
    #[allow(clippy::new_without_default)] // a query is asked for, it is nobody's default
    pub fn new() -> Self {
        Self {
            select: Select::of(E::DEF),
            loads: E::Loads::default(),
            how: How::default(),
            marker: PhantomData,
        }
    }

    /// The row with this primary key. `User::find(key)` is the same.
    ///
    /// ```sql
    /// SELECT t0."id", t0."email" FROM "users" AS t0 WHERE t0."id" = $1
    /// ```
    pub fn find(key: impl IntoValue<E::Key>) -> Self {
        let mut query = Self::new();
        query
            .select
            .filter(key_condition(E::DEF, E::bind_key(key.into_value())));
        query
    }

    /// The rows with one of these primary keys, ordered by it. `User::find_many(keys)` is the same.
    pub fn find_many<K: IntoValue<E::Key>>(keys: impl IntoIterator<Item = K>) -> Self {
        let mut parts: Vec<(&'static ColumnDef, Vec<Parameter>)> = E::DEF
            .key_columns()
            .map(|column| (column, Vec::new()))
            .collect();
        for key in keys {
            for ((_, values), bind) in parts.iter_mut().zip(E::bind_key(key.into_value())) {
                values.push(bind.value);
            }
        }
        let mut query = Self::new();
        let parts = parts.into_iter();
        let arrays =
            parts.map(|(column, values)| (column, Arc::new(BindArray(values)) as Parameter));
        query.select.filter(Expr::KeyIn(E::DEF, arrays.collect()));
        query
    }

    /// The rows that SQL of your own returns, in its order. `User::from_sql(sql!(..))` is the same.
    ///
    /// It is a subquery of the statement: a `SELECT` without a `;`, which returns the entity's columns by their names.
    pub fn from_sql(source: Fragment<E>) -> Self {
        let mut query = Self::new();
        query.select.source = Some(source.into_pieces());
        query
    }
}

/// `id = $1`, or for a composite key `order_id = $1 AND line = $2`.
pub(crate) fn key_condition(def: &'static EntityDef, key: KeyBinds) -> Expr {
    let mut parts = def
        .key_columns()
        .zip(key)
        .map(|(column, bind)| Expr::Compare(column, "=", bind));
    let first = parts.next().expect("a primary key has a column");
    parts.fold(first, Expr::and)
}

/// A query that runs.
type RunOf<'a, T> = BoxFuture<'a, Result<Vec<T>>>;

impl<E: Entity, L: Loads<E>, A: Annotations> Query<E, L, A> {
    /// Keeps the rows that fulfil a condition. Further calls add further conditions, all of which must hold.
    pub fn filter(mut self, condition: impl Filter<E>) -> Self {
        self.select.filter(condition.into_expr());
        self
    }

    /// Orders the result. Further calls add further terms.
    pub fn order_by(mut self, order: impl OrderBy<E>) -> Self {
        self.select.order_by(order.into_term());
        self
    }

    /// At most so many entities, however many rows are loaded with each: `LIMIT $1`.
    pub fn limit(mut self, limit: u32) -> Self {
        self.select.page.limit = Some(Count::of(i64::from(limit)));
        self
    }

    /// Leaves out the first entities: `OFFSET $1`.
    pub fn offset(mut self, offset: u64) -> Self {
        self.select.page.offset = Some(Count::of(i64::try_from(offset).unwrap_or(i64::MAX)));
        self
    }

    /// Gives a [scope](crate::Scope) its value, on whatever it runs: `Post::query().scope::<Tenant>(5)`. It holds for all of
    /// the query's statements, and comes before that of the handle.
    pub fn scope<S: Scope>(mut self, value: impl IntoValue<S::Value>) -> Self {
        self.select.scopes = self.select.scopes.with::<S>(value);
        self
    }

    /// All rows of the entity, whatever its [scopes](crate::Scope) say, and whatever their number: a deleted post
    /// as well as one of another tenant. Entities that are loaded with them, and conditions on related rows, have their own
    /// scopes: see [`Rel::unscoped`](crate::Rel::unscoped).
    pub fn unscoped(mut self) -> Self {
        self.select.lift();
        self
    }

    /// Rows that are [deleted softly](crate::SoftDelete) are there too. Other [scopes](crate::Scope) of the
    /// entity hold, and deleted rows of other entities stay hidden.
    pub fn with_deleted(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.select.lift_deleted();
        self
    }

    /// Loads a relation with each entity. The type of the result says so: `User` becomes `User<Loaded<Vec<Post>>>`.
    pub fn with<N>(self, relation: N) -> Query<E, Filled<E, L, N>, A>
    where
        N: IntoLoad,
        N::Field: Put<E, L, N::Load>,
        Filled<E, L, N>: Loads<E>,
    {
        self.map_loads(|loads| N::Field::put(loads, relation.into_load()))
    }

    /// Loads a relation if a condition holds that is known only when the program runs. The field then is a
    /// [`MaybeLoaded`](crate::MaybeLoaded), which has to be matched.
    pub fn with_if<N>(self, condition: bool, relation: N) -> Query<E, FilledIf<E, L, N>, A>
    where
        N: IntoLoad,
        N::Field: Put<E, L, If<N::Load>>,
        FilledIf<E, L, N>: Loads<E>,
    {
        self.map_loads(|loads| N::Field::put(loads, If::new(condition, relation.into_load())))
    }

    fn map_loads<M>(self, map: impl FnOnce(L) -> M) -> Query<E, M, A> {
        Query {
            select: self.select,
            loads: map(self.loads),
            how: self.how,
            marker: PhantomData,
        }
    }

    /// Returns a value next to each entity, or several of them as a tuple: `User` becomes `(User, i64)`, or
    /// `(User, i64, bool)`. The server computes them in the query's own statement, so that what is only counted need not be
    /// loaded.
    ///
    /// ```
    /// # use unlazy::{Db, Entity, Unloaded};
    /// # #[derive(Entity)]
    /// # #[entity(table = "users")]
    /// # struct User<Posts = Unloaded> {
    /// #     #[entity(primary_key)]
    /// #     id: i64,
    /// #     email: String,
    /// #     #[entity(has_many(Post, foreign_key = author_id))]
    /// #     posts: Posts,
    /// # }
    /// # #[derive(Entity)]
    /// # #[entity(table = "posts")]
    /// # struct Post {
    /// #     #[entity(primary_key)]
    /// #     id: i64,
    /// #     author_id: i64,
    /// #     published: bool,
    /// # }
    /// # async fn example(db: Db) -> unlazy::Result<()> {
    /// let published = User::POSTS.filter(Post::PUBLISHED.eq(true));
    /// let users = User::query()
    ///     .annotate((User::POSTS.count(), published.exists()))
    ///     .order_by(User::POSTS.count().desc())
    ///     .all(&db)
    ///     .await?;
    /// for (user, posts, has_published) in users {
    ///     println!("{}: {posts} {has_published}", user.email);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```sql
    /// SELECT t0."id", t0."email",
    ///     (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id"),
    ///     EXISTS (SELECT FROM "posts" AS t2 WHERE t2."author_id" = t0."id" AND t2."published" = $1)
    /// FROM "users" AS t0 ORDER BY 3 DESC, t0."id"
    /// ```
    ///
    /// An order by the same expression refers to it by its number, as `3` here, and the server computes it once. An expression
    /// with values in it is the same only as a clone: `let posts = published.count();`, `.annotate(posts.clone())`,
    /// `.order_by(posts.desc())`.
    ///
    /// # Errors
    ///
    /// A value of another type than the expression's is [`Error::DecodeExpression`] when the query is run.
    pub fn annotate<V>(mut self, values: V) -> Query<E, L, V::Values>
    where
        V: Annotate<E>,
        A: NotAnnotated,
    {
        self.select.annotations = values.into_annotated();
        Query {
            select: self.select,
            loads: self.loads,
            how: self.how,
            marker: PhantomData,
        }
    }

    /// Sends the statements of the whole tree at once, so that it costs one round trip, whatever its depth: for a database
    /// that is not on this machine. All of them see the database at one moment.
    ///
    /// Each load finds its parents by a subquery, and all statements go out between
    /// `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY` and `COMMIT`:
    ///
    /// ```sql
    /// SELECT t0."id", t0."email" FROM "users" AS t0 WHERE t0."email" LIKE $1 ORDER BY t0."id"
    /// SELECT t0."id", t0."author_id" FROM "posts" AS t0 WHERE t0."author_id" IN (
    ///     SELECT t1."id" FROM "users" AS t1 WHERE t1."email" LIKE $1) ORDER BY t0."id"
    /// ```
    ///
    /// Below a page of up to 1,000 entities it is `= ANY(ARRAY(SELECT ..))`, for which PostgreSQL uses the index on `author_id`.
    ///
    /// The first time on a connection, preparing them costs a second round trip.
    ///
    /// Where a subquery could find other parents than the query, it is run level by level instead, and the reason is
    /// logged ([`StatementLog::notes`](crate::StatementLog::notes)): if it selects from [SQL of your
    /// own](Query::from_sql), if a condition in SQL of your own calls a function that may return another value each time, or
    /// adds floating-point numbers, if it locks rows, in a transaction that is not REPEATABLE READ or SERIALIZABLE, and on a client whose transaction
    /// unlazy does not know.
    ///
    /// It is made for a tree of some hundreds or thousands of rows, where round trips cost more than anything else. With tens of
    /// thousands of parents, level by level is faster: there the server plans for the keys that it is given.
    ///
    /// Whether a view, or a policy of row-level security, gives the same rows twice cannot be seen from here: for one that does not,
    /// such as one that orders by `random()`, do not ask for it.
    pub fn pipelined(mut self) -> Self {
        self.how.pipelined = Some(true);
        self
    }

    /// Sends the statements of each level when the results of the one above it are there. This is the default, unless the
    /// handle is [pipelined](crate::Db::pipelined).
    pub fn by_levels(mut self) -> Self {
        self.how.pipelined = Some(false);
        self
    }

    /// All statements of the query see the database at one moment: what others commit between two of them is not seen.
    ///
    /// It sends `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY` with the first statement and `COMMIT` after the last one,
    /// unless it consists of one statement. In a transaction that is REPEATABLE READ or SERIALIZABLE there is
    /// nothing to send; in any other, and on a client that is not a [`Db`](crate::Db)'s, it is
    /// [`Error::NoSnapshot`].
    pub fn snapshot(mut self) -> Self {
        self.how.snapshot = true;
        self
    }

    /// How many entities a [`stream`](Self::stream) fetches and holds at a time; 1,000 if nothing is said.
    pub fn batch_size(mut self, entities: u32) -> Self {
        // What FETCH takes.
        self.how.batch_size = Some(entities.clamp(1, i32::MAX as u32));
        self
    }

    /// All entities of the result.
    ///
    /// # Errors
    ///
    /// Besides those of the database: [`Error::Decode`], where relations are loaded [`Error::MissingTarget`] and
    /// [`Error::TooMany`], and where entities are scoped by a value [`Error::MissingScope`].
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<A::Row<L::Value>>> {
        self.run_on(on).await
    }

    /// By reference, for each future that takes the query by value has room for it twice.
    async fn run_on<X: Executor + ?Sized>(&self, on: &X) -> Result<Vec<A::Row<L::Value>>> {
        let connection = on
            .acquire()
            .connection_scoped_by(&self.select.scopes)
            .await?;
        self.run(&connection).await
    }

    /// Not generic over the executor, so that it is compiled once for each shape; boxed, so that the compiler need not look
    /// into it where the query is used.
    fn run<'a>(&'a self, connection: &'a Connection<'a>) -> RunOf<'a, A::Row<L::Value>> {
        Box::pin(run::<E, L, A>(
            &self.select,
            &self.loads,
            self.how,
            connection,
        ))
    }

    /// The entities of the result as a stream, however many there are: only a [batch](Self::batch_size) of them is in
    /// memory, with what is loaded with it.
    ///
    /// ```no_run
    /// # use unlazy::{Db, Entity, Unloaded};
    /// # #[derive(Entity)]
    /// # #[entity(table = "users")]
    /// # struct User<Posts = Unloaded> {
    /// #     #[entity(primary_key)]
    /// #     id: i64,
    /// #     email: String,
    /// #     #[entity(has_many(Post, foreign_key = author_id))]
    /// #     posts: Posts,
    /// # }
    /// # #[derive(Entity)]
    /// # #[entity(table = "posts")]
    /// # struct Post {
    /// #     #[entity(primary_key)]
    /// #     id: i64,
    /// #     author_id: i64,
    /// # }
    /// # async fn example(db: Db) -> unlazy::Result<()> {
    /// let mut users = User::query().with(User::POSTS).batch_size(500).stream(&db);
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{}: {}", user.email, user.posts.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The rows stay with the server, in a cursor. Each batch is read to its end, and its relations are loaded on the same
    /// connection, before the first of its entities is handed out:
    ///
    /// ```sql
    /// BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
    /// DECLARE "unlazy stream" NO SCROLL CURSOR FOR SELECT t0."id", t0."email" FROM "users" AS t0 ORDER BY t0."id"
    /// FETCH 500 FROM "unlazy stream"
    /// SELECT t0."id", t0."author_id" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) ORDER BY t0."id"
    /// FETCH 500 FROM "unlazy stream"
    /// SELECT t0."id", t0."author_id" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) ORDER BY t0."id"
    /// COMMIT
    /// ```
    ///
    /// So the whole stream sees the database at one moment, as a [`snapshot`](Self::snapshot) does. It has a connection and an
    /// open transaction until it ends or is dropped: do not keep one longer than you need.
    ///
    /// Within a transaction, begun by unlazy or not, the cursor is of that transaction, which begins and ends as if there were no
    /// stream: between two entities other queries can run on it, and other streams. The loads see what the transaction sees
    /// when they are run. A cursor that is at its end, or whose stream is dropped, is closed.
    ///
    /// A stream that is dropped leaves nothing open. Between two batches its transaction is rolled back, or its cursor closed, and
    /// the connection is used again. While it waits for an answer it is as any query whose future is dropped: the connection is
    /// closed, and a [`Transaction`](crate::Transaction) that it is in is rolled back.
    ///
    /// Loads are not [pipelined](Self::pipelined): they are run level by level for each batch.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), after the entities of the batches before; then the stream ends. On a client of `tokio_postgres` or
    /// `deadpool_postgres` that is in no transaction it is [`Error::NoTransaction`].
    pub fn stream<X: Executor + ?Sized>(self, on: &X) -> EntityStream<'_, A::Row<L::Value>> {
        stream::<E, L, A>(self.select, self.loads, self.how, on.acquire())
    }

    /// The first entity of the result, if there is one: `LIMIT 1`.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn first<X: Executor + ?Sized>(mut self, on: &X) -> Result<Option<A::Row<L::Value>>> {
        self.select.page.at_most(1);
        Ok(self.run_on(on).await?.into_iter().next())
    }

    /// The only entity of the result: `LIMIT 2`, unless it is found by its primary key.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`Error::TooMany`] if there are more, and as [`all`](Self::all).
    pub async fn one<X: Executor + ?Sized>(mut self, on: &X) -> Result<A::Row<L::Value>> {
        self.select.limit_to_find_one(E::DEF);
        only::<E, _>(self.run_on(on).await?)?.ok_or(Error::NotFound {
            entity: E::DEF.name,
        })
    }

    /// The only entity of the result, if there is one: `LIMIT 2`, unless it is found by its primary key.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more, and as [`all`](Self::all).
    pub async fn one_or_none<X: Executor + ?Sized>(
        mut self,
        on: &X,
    ) -> Result<Option<A::Row<L::Value>>> {
        self.select.limit_to_find_one(E::DEF);
        only::<E, _>(self.run_on(on).await?)
    }

    /// The number of entities in the result: `SELECT count(*) ..`. Nothing is loaded.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn count<X: Executor + ?Sized>(self, on: &X) -> Result<u64> {
        let count: i64 = self.aggregate(Aggregate::count(), on).await?;
        Ok(count.unsigned_abs())
    }

    /// Whether the result has any entity: `SELECT EXISTS (..)`. Nothing is loaded.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn exists<X: Executor + ?Sized>(self, on: &X) -> Result<bool> {
        let connection = on
            .acquire()
            .connection_scoped_by(&self.select.scopes)
            .await?;
        let exists = sql::exists(E::DEF, &self.select, connection.scopes());
        scalar(&exists, &connection).await
    }

    /// The statements that [`all`](Self::all) would send, in their order: the query's own, then those of its loads.
    ///
    /// What depends on the handle is not known here: a query is pipelined if it says so itself, and
    /// [scopes](crate::Scope) hold.
    pub fn to_sql(&self) -> Vec<String> {
        statements(E::DEF, &self.select, &nodes::<E, L>(&self.loads), self.how)
    }

    pub(crate) fn with_lock(mut self, lock: Lock) -> Self {
        self.select.lock = Some(lock);
        self
    }
}

/// What a result of at most one entity has.
fn only<E: Entity, T>(mut found: Vec<T>) -> Result<Option<T>> {
    if found.len() > 1 {
        return Err(Error::TooMany {
            of: E::DEF.name.to_owned(),
        });
    }
    Ok(found.pop())
}
