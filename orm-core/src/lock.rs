//! Queries that lock the rows that they return.

use std::fmt;
use std::future::Ready;

use crate::annotate::Annotations;
use crate::db::Executor;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::Loads;
use crate::query::Query;
use crate::stream::EntityStream;

/// How the rows of a query are locked: the end of ` FOR UPDATE OF t0 SKIP LOCKED`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lock {
    pub(crate) strength: &'static str,
    pub(crate) if_locked: &'static str,
}

/// A query that locks the rows that it returns, until the end of the transaction: what [`Query::for_update`] makes.
///
/// ```no_run
/// # use unlazy::{Entity, sql};
/// # #[derive(Entity)]
/// # struct Job {
/// #     #[entity(primary_key)]
/// #     id: i64,
/// #     done: bool,
/// # }
/// # async fn example(db: unlazy::Db) -> unlazy::Result<()> {
/// db.transaction(async |tx| {
///     let open = Job::query().filter(!Job::DONE).limit(10);
///     for job in open.for_update().skip_locked().all(tx).await? {
///         // .. work on it ..
///         Job::update().of(&job).set(Job::DONE, true).execute(tx).await?;
///     }
///     Ok::<_, unlazy::Error>(())
/// })
/// .await
/// # }
/// ```
///
/// That sends `SELECT .. FROM "job" AS t0 WHERE NOT (t0."done") ORDER BY t0."id" LIMIT $1 FOR UPDATE OF t0 SKIP LOCKED`.
///
/// Only the rows of the query's own table are locked, whatever is loaded with them. Of a view they are the rows of its tables,
/// of [SQL of your own](Query::from_sql) those of all of its tables; PostgreSQL refuses to lock what is grouped, distinct or
/// computed. Rows of SQL of your own come by primary key, unless the query is ordered.
///
/// Run it within a transaction. Outside of one the locks end with the statement, and so nothing is gained by them.
///
/// PostgreSQL orders the rows before it waits for their locks: a row that was changed meanwhile is returned as it is now, at the
/// place that it had before.
#[must_use = "a query does nothing until it is run, for example with `.all(&mut tx).await`"]
pub struct Locked<E: Entity, L = <E as Entity>::Loads, A = ()> {
    query: Query<E, L, A>,
    lock: Lock,
}

impl<E: Entity, L: Clone, A> Clone for Locked<E, L, A> {
    fn clone(&self) -> Self {
        Self {
            query: self.query.clone(),
            lock: self.lock,
        }
    }
}

impl<E: Entity, L, A> fmt::Debug for Locked<E, L, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked")
            .field("query", &self.query)
            .field("lock", &self.lock)
            .finish()
    }
}

/// Locking comes last, when it is said which rows and what is loaded with them.
impl<E: Entity, L: Loads<E>, A: Annotations> Query<E, L, A> {
    /// Locks the rows for an update or delete: `FOR UPDATE OF t0`. Nobody else can change, delete or lock them.
    pub fn for_update(self) -> Locked<E, L, A> {
        self.locked("UPDATE")
    }

    /// Locks the rows for an update that leaves the primary key as it is: `FOR NO KEY UPDATE OF t0`. Others can still insert
    /// rows that refer to them.
    pub fn for_no_key_update(self) -> Locked<E, L, A> {
        self.locked("NO KEY UPDATE")
    }

    /// Locks the rows against changes: `FOR SHARE OF t0`. Others can lock them in the same way.
    pub fn for_share(self) -> Locked<E, L, A> {
        self.locked("SHARE")
    }

    /// Locks the rows against their deletion and against changes of their primary key: `FOR KEY SHARE OF t0`.
    pub fn for_key_share(self) -> Locked<E, L, A> {
        self.locked("KEY SHARE")
    }

    fn locked(self, strength: &'static str) -> Locked<E, L, A> {
        Locked {
            query: self,
            lock: Lock {
                strength,
                if_locked: "",
            },
        }
    }
}

impl<E: Entity, L: Loads<E>, A: Annotations> Locked<E, L, A> {
    /// Leaves out rows that others have locked: `SKIP LOCKED`, for queues. Takes back [`nowait`](Self::nowait).
    pub fn skip_locked(mut self) -> Self {
        self.lock.if_locked = " SKIP LOCKED";
        self
    }

    /// Fails with [`Error::LockNotAvailable`](crate::Error::LockNotAvailable) if others have locked a row: `NOWAIT`. Takes back
    /// [`skip_locked`](Self::skip_locked).
    pub fn nowait(mut self) -> Self {
        self.lock.if_locked = " NOWAIT";
        self
    }

    /// As [`Query::all`].
    ///
    /// # Errors
    ///
    /// As [`Query::all`], and [`Error::LockNotAvailable`](crate::Error::LockNotAvailable) if a row could not be locked in time.
    pub async fn all<X: Executor + ?Sized>(self, on: &X) -> Result<Vec<A::Row<L::Value>>> {
        self.into_query().all(on).await
    }

    /// As [`Query::first`].
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub async fn first<X: Executor + ?Sized>(self, on: &X) -> Result<Option<A::Row<L::Value>>> {
        self.into_query().first(on).await
    }

    /// As [`Query::one`].
    ///
    /// # Errors
    ///
    /// As [`Query::one`] and [`all`](Self::all).
    pub async fn one<X: Executor + ?Sized>(self, on: &X) -> Result<A::Row<L::Value>> {
        self.into_query().one(on).await
    }

    /// As [`Query::one_or_none`].
    ///
    /// # Errors
    ///
    /// As [`Query::one_or_none`] and [`all`](Self::all).
    pub async fn one_or_none<X: Executor + ?Sized>(
        self,
        on: &X,
    ) -> Result<Option<A::Row<L::Value>>> {
        self.into_query().one_or_none(on).await
    }

    /// As [`Query::stream`]: the rows of a batch are locked when it is fetched. Run it within a transaction: that of a stream on a
    /// [`Db`](crate::Db) reads only, and the server refuses to lock in it.
    pub fn stream<X: Executor + ?Sized>(self, on: &X) -> EntityStream<'_, A::Row<L::Value>> {
        self.into_query().stream(on)
    }

    /// The statements that [`all`](Self::all) would send, as [`Query::to_sql`].
    pub fn to_sql(&self) -> Vec<String> {
        self.clone().into_query().to_sql()
    }

    fn into_query(self) -> Query<E, L, A> {
        self.query.with_lock(self.lock)
    }
}

/// The bound of what a locked query no longer does: it never holds, and its message is what the user reads.
#[diagnostic::on_unimplemented(
    message = "a lock comes last in a query",
    label = "the rows of this query are locked already",
    note = "say before it which rows, and what is loaded with them: `User::query().filter(..).with(..).for_update()`",
    note = "rows are locked by returning them, so a locked query cannot be counted"
)]
#[doc(hidden)]
pub trait BeforeLock {}

/// The bound of what only a locked query does.
#[diagnostic::on_unimplemented(
    message = "this query locks no rows",
    label = "this says what happens to rows that others have locked",
    note = "lock the rows first: `.for_update()`, `.for_no_key_update()`, `.for_share()` or `.for_key_share()`"
)]
#[doc(hidden)]
pub trait AfterLock {}

/// A method that exists only to explain why it cannot be called.
macro_rules! decoys {
    ($bound:ident: $($name:ident $(<$argument:ident>)? -> $returns:ty),+) => {$(
        #[doc(hidden)]
        pub fn $name $(<$argument>)? (self $(, _: $argument)?) -> $returns
        where
            Self: $bound,
        {
            unreachable!("the bound never holds")
        }
    )+};
}

impl<E: Entity, L, A> Locked<E, L, A> {
    decoys!(BeforeLock:
        filter<F> -> Self,
        order_by<O> -> Self,
        limit<N> -> Self,
        offset<N> -> Self,
        with<N> -> Self,
        annotate<V> -> Self,
        count<X> -> Ready<Result<u64>>,
        exists<X> -> Ready<Result<bool>>
    );
}

impl<E: Entity, L, A> Query<E, L, A> {
    decoys!(AfterLock: skip_locked -> Locked<E, L, A>, nowait -> Locked<E, L, A>);
}
