//! Transactions and savepoints.

mod open;
mod options;
mod savepoint;
mod shared;

use std::fmt;
use std::sync::Arc;

use crate::db::connection::Connection;
use crate::db::pooled::PooledClient;
use crate::error::{Error, Result};

pub(super) use open::OpenTransaction;
pub use options::{Isolation, TransactionOptions};
use savepoint::OpenSavepoint;
use shared::Shared;

/// A transaction, or a savepoint within one. Queries run on it as on a [`Db`](crate::Db).
///
/// It ends with the function that it was given to: see [`Db::transaction`](crate::Db::transaction). Where the handle is moved
/// somewhere else, such as into a spawned task, statements on it are [`Error::TransactionEnded`] from then on.
pub struct Transaction {
    shared: Arc<Shared>,
    /// How many savepoints it is within.
    depth: usize,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("savepoints", &self.depth)
            .finish_non_exhaustive()
    }
}

impl Transaction {
    /// Runs a function within a savepoint: what it did is undone when it returns `Err`, and the transaction goes on.
    ///
    /// ```sql
    /// SAVEPOINT "unlazy 1"
    /// -- and at the end
    /// RELEASE "unlazy 1"
    /// -- or
    /// ROLLBACK TO "unlazy 1"; RELEASE "unlazy 1"
    /// ```
    ///
    /// `SAVEPOINT` is sent along with the first statement, in the same round trip. Without any, nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`Db::transaction`](crate::Db::transaction).
    pub async fn savepoint<T, E>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let open = OpenSavepoint::within(self)?;
        let done = work(&mut open.handle()).await;
        let ended = open.end(done.is_ok()).await;
        let value = done?;
        Ok(ended.map(|()| value)?)
    }

    /// [`Db::batch_execute`](crate::Db::batch_execute) within the transaction, and on its connection, which is not closed after it. It
    /// must not end the transaction: what follows would run by itself.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn batch_execute(&self, sql: &str) -> Result<()> {
        self.connection().batch_execute(sql).await
    }

    pub(super) fn connection(&self) -> Connection<'_> {
        let shared = &self.shared;
        Connection::of_transaction(self, &shared.statements)
            .in_transaction(shared.has_one_snapshot())
            .pipelined_by_default(shared.pipelined)
            .with_log(shared.log.as_ref())
            .with_scopes(&shared.scopes)
    }

    /// The connection for a statement.
    pub(super) fn lease(&self) -> Result<Arc<PooledClient>> {
        self.shared.lease(self.depth)
    }

    /// Runs the statement that a connection was taken for.
    pub(super) async fn run<T>(
        &self,
        client: &Arc<PooledClient>,
        statement: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.shared.run(self.depth, client, statement).await
    }

    /// Says that nothing can be committed any more.
    pub(super) fn fail(&self) {
        self.shared.fail(self.depth);
    }

    pub(super) fn send_unawaited(&self, statement: &str) {
        self.shared.send_unawaited(self.depth, statement);
    }
}
