//! A transaction's beginning and end.

use std::sync::Arc;

use crate::db::Db;
use crate::db::pooled::{PooledClient, send_unawaited};
use crate::db::transaction::shared::{Last, Shared};
use crate::db::transaction::{Transaction, TransactionOptions};
use crate::error::{Error, Result};

/// A transaction that is rolled back when it is dropped.
pub(in crate::db) struct OpenTransaction {
    shared: Arc<Shared>,
}

impl OpenTransaction {
    /// Takes a connection. Nothing is sent before the first statement is.
    pub(in crate::db) async fn on(db: &Db, options: TransactionOptions) -> Result<Self> {
        let client = PooledClient::new(db.client().await?);
        let open = Self {
            shared: Arc::new(Shared::new(client, options, db)),
        };
        if options.begins_first {
            open.begin().await?;
        }
        Ok(open)
    }

    async fn begin(&self) -> Result<()> {
        let shared = &self.shared;
        let client = shared.lease(0)?;
        shared.run(0, &client, async { Ok(()) }).await?;
        shared.settle().await.map_err(|error| match error {
            // Nothing was sent along with it.
            Error::NotBegun(error) => *error,
            error => error,
        })
    }

    pub(in crate::db) fn handle(&self) -> Transaction {
        Transaction {
            shared: self.shared.clone(),
            depth: 0,
        }
    }

    /// Commits, or rolls back, as the outcome of the work says. Also says whether it came to nothing because of a conflict
    /// with somebody else, and only then.
    pub(in crate::db) async fn end<T, E: From<Error>>(
        self,
        work: Result<T, E>,
    ) -> (Result<T, E>, bool) {
        let (ended, has_conflict) = self.finish(work.is_ok()).await;
        // The error of the work says more than that of a rollback on a lost connection.
        (
            work.and_then(|value| Ok(ended.map(|()| value)?)),
            has_conflict,
        )
    }

    async fn finish(self, commits: bool) -> (Result<()>, bool) {
        // If it fails, the transaction has.
        let _ = self.shared.settle().await;
        let Some(last) = self.shared.take() else {
            return (Err(Error::TransactionEnded), false);
        };
        // Whether the statement succeeds is not known, and nothing can be sent that would not wait for it. The connection
        // is closed, and with it everything is rolled back.
        if last.client.is_running() {
            let has_conflict = last.has_conflict;
            last.abandon();
            return (Err(Error::Aborted), has_conflict);
        }
        if !last.level.is_begun {
            return (Ok(()), false);
        }
        if !commits || last.level.has_failed {
            let ended = self.end_by("ROLLBACK", &last).await;
            return (ended.and(Err(Error::Aborted)), last.has_conflict);
        }
        let ended = self.end_by("COMMIT", &last).await;
        // Where the answer was lost, it may have been committed.
        let has_conflict = ended.as_ref().is_err_and(Error::is_conflict);
        (ended, has_conflict)
    }

    async fn end_by(&self, statement: &str, last: &Last) -> Result<()> {
        let ended = self.shared.end_by(&last.client, statement).await;
        // A COMMIT that is cancelled may leave the transaction open.
        let is_over = match &ended {
            Ok(()) => true,
            Err(error) => error.is_conflict() || matches!(error, Error::Constraint { .. }),
        };
        if is_over {
            last.client.set_in_transaction(false);
        }
        ended
    }
}

impl Last {
    /// Leaves a connection to the statements that are under way on it. It is closed when the last of them is dropped, and what
    /// they belong to does not outlast them at the server.
    fn abandon(self) {
        if self.client.is_in_transaction() {
            send_unawaited(&self.client, "ROLLBACK");
        }
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(last) = self.shared.take()
            && last.client.is_running()
        {
            last.abandon();
        }
    }
}
