//! Several statements that take effect together or not at all.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::db::connection::Connection;
use crate::db::cursor::outside_of_transaction;
use crate::db::snapshot::Standing;
use crate::error::Result;

impl Connection<'_> {
    /// Runs statements within a transaction, which is begun for them unless there is one. Where there is one, an error means
    /// that it cannot be committed any more.
    pub(crate) async fn all_or_nothing<T>(
        &self,
        statements: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.standing {
            Standing::Own => self.in_own_transaction(statements).await,
            Standing::Snapshot | Standing::Transaction => {
                // Also if the future is dropped half way.
                let mut unfinished = Unfinished(Some(self));
                let done = statements.await?;
                unfinished.0 = None;
                Ok(done)
            }
            Standing::Foreign => self.in_savepoint(statements).await,
        }
    }

    /// `BEGIN` is sent together with the first statement. Nothing more is sent if the server refuses it.
    async fn in_own_transaction<T>(
        &self,
        statements: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begin = pin!(self.begin("BEGIN"));
        let done = match select(begin, pin!(statements)).await {
            Either::Left((begun, statements)) => {
                begun?;
                statements.await
            }
            Either::Right((done, begin)) => {
                begin.await?;
                done
            }
        };
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.end(end).await;
        // The error of the statements says more than that of a rollback on a lost connection.
        let value = done?;
        ended?;
        Ok(value)
    }

    /// On a client of which it is not known whether it is in a transaction.
    async fn in_savepoint<T>(&self, statements: impl Future<Output = Result<T>>) -> Result<T> {
        let savepoint = self.batch_execute("SAVEPOINT \"unlazy\"").await;
        savepoint.map_err(outside_of_transaction)?;
        let done = statements.await;
        let ended = if done.is_ok() {
            self.batch_execute("RELEASE \"unlazy\"").await
        } else {
            let undo = "ROLLBACK TO \"unlazy\"; RELEASE \"unlazy\"";
            self.batch_execute(undo).await
        };
        let value = done?;
        ended?;
        Ok(value)
    }
}

/// Statements of a transaction that have not all taken effect.
struct Unfinished<'c, 'a>(Option<&'c Connection<'a>>);

impl Drop for Unfinished<'_, '_> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            connection.fail();
        }
    }
}
