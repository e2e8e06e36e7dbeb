//! What queries can run on.

use crate::db::connection::Connection;
use crate::db::pooled::PooledClient;
use crate::db::{Db, Transaction};
use crate::error::Result;
use crate::scope::Scopes;

/// A connection that can be taken.
#[doc(hidden)]
pub struct Acquire<'a>(Source<'a>);

enum Source<'a> {
    Pool(&'a Db),
    Ready(Connection<'a>),
}

impl<'a> Acquire<'a> {
    fn ready(connection: Connection<'a>) -> Self {
        Self(Source::Ready(connection))
    }

    /// Takes it. One of a pool may have to be waited for.
    pub(crate) async fn connection(self) -> Result<Connection<'a>> {
        match self.0 {
            Source::Pool(db) => Ok(Connection::pooled(
                PooledClient::new(db.client().await?),
                db,
            )),
            Source::Ready(connection) => Ok(connection),
        }
    }

    /// Takes it for a query or statement that may give values of its own to scopes.
    pub(crate) async fn connection_scoped_by(self, scopes: &Scopes) -> Result<Connection<'a>> {
        let mut taken = self.connection().await;
        if let Ok(connection) = &mut taken {
            connection.scope_by(scopes);
        }
        taken
    }
}

/// Whatever can run a query: a [`Db`], a [`Transaction`], and the clients and transactions of `tokio_postgres` and
/// `deadpool_postgres`, so that unlazy can be used for one query at a time next to existing code.
///
/// A plain `tokio_postgres` client has no cache of prepared statements, so there each statement costs a second round
/// trip.
#[diagnostic::on_unimplemented(
    message = "queries cannot run on `{Self}`",
    label = "expected `&Db`, a transaction, or a client of `tokio_postgres` or `deadpool_postgres`"
)]
pub trait Executor: Sync + sealed::Sealed {
    /// The connection on which all statements of one query run.
    #[doc(hidden)]
    fn acquire(&self) -> Acquire<'_>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Db {}
    impl Sealed for super::Transaction {}
    impl Sealed for tokio_postgres::Client {}
    impl Sealed for tokio_postgres::Transaction<'_> {}
    impl Sealed for deadpool_postgres::Client {}
    impl Sealed for deadpool_postgres::ClientWrapper {}
    impl Sealed for deadpool_postgres::Transaction<'_> {}
    impl<T: Sealed + ?Sized> Sealed for &T {}
    impl<T: Sealed + ?Sized> Sealed for &mut T {}
}

impl Executor for Db {
    fn acquire(&self) -> Acquire<'_> {
        Acquire(Source::Pool(self))
    }
}

impl Executor for Transaction {
    fn acquire(&self) -> Acquire<'_> {
        Acquire::ready(self.connection())
    }
}

impl Executor for tokio_postgres::Client {
    fn acquire(&self) -> Acquire<'_> {
        Acquire::ready(Connection::borrowed(self, None))
    }
}

impl Executor for tokio_postgres::Transaction<'_> {
    fn acquire(&self) -> Acquire<'_> {
        Acquire::ready(Connection::borrowed(self.client(), None).in_transaction(false))
    }
}

impl Executor for deadpool_postgres::ClientWrapper {
    fn acquire(&self) -> Acquire<'_> {
        Acquire::ready(Connection::borrowed(self, Some(&self.statement_cache)))
    }
}

impl Executor for deadpool_postgres::Client {
    fn acquire(&self) -> Acquire<'_> {
        deadpool_postgres::ClientWrapper::acquire(self)
    }
}

impl Executor for deadpool_postgres::Transaction<'_> {
    fn acquire(&self) -> Acquire<'_> {
        Acquire::ready(
            Connection::borrowed(self.client(), Some(&self.statement_cache)).in_transaction(false),
        )
    }
}

impl<T: Executor + ?Sized> Executor for &T {
    fn acquire(&self) -> Acquire<'_> {
        (**self).acquire()
    }
}

impl<T: Executor + Send + ?Sized> Executor for &mut T {
    fn acquire(&self) -> Acquire<'_> {
        (**self).acquire()
    }
}
