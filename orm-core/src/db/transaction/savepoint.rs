//! Savepoints: transactions within a transaction.

use std::sync::Arc;

use crate::db::pooled::send_unawaited;
use crate::db::transaction::Transaction;
use crate::db::transaction::shared::Shared;
use crate::error::{Error, Result};

pub(super) fn begin(depth: usize) -> String {
    format!("SAVEPOINT \"unlazy {depth}\"")
}

fn release(depth: usize) -> String {
    format!("RELEASE \"unlazy {depth}\"")
}

/// Also releases it: otherwise it would stay, and each one after it would be nested within.
fn rollback(depth: usize) -> String {
    format!("ROLLBACK TO \"unlazy {depth}\"; RELEASE \"unlazy {depth}\"")
}

/// A savepoint that is rolled back when it is dropped.
pub(super) struct OpenSavepoint {
    shared: Arc<Shared>,
    depth: usize,
}

impl OpenSavepoint {
    pub(super) fn within(outer: &Transaction) -> Result<Self> {
        outer.shared.enter(outer.depth)?;
        Ok(Self {
            shared: outer.shared.clone(),
            depth: outer.depth + 1,
        })
    }

    pub(super) fn handle(&self) -> Transaction {
        Transaction {
            shared: self.shared.clone(),
            depth: self.depth,
        }
    }

    /// Releases it, or rolls it back.
    pub(super) async fn end(self, keeps: bool) -> Result<()> {
        // If it fails, the savepoint and the transaction have.
        let _ = self.shared.settle().await;
        let Some(last) = self.shared.leave(self.depth) else {
            return Err(Error::TransactionEnded);
        };
        if last.client.is_running() {
            return Err(Error::Aborted);
        }
        if !last.level.is_begun {
            return Ok(());
        }
        let releases = keeps && !last.level.has_failed;
        let text = match releases {
            true => release(self.depth),
            false => rollback(self.depth),
        };
        let ended = self.shared.end_by(&last.client, &text).await;
        if ended.is_err() {
            self.shared.fail(self.depth - 1);
        }
        ended.and(if releases {
            Ok(())
        } else {
            Err(Error::Aborted)
        })
    }
}

impl Drop for OpenSavepoint {
    fn drop(&mut self) {
        if let Some(last) = self.shared.leave(self.depth)
            && last.level.is_begun
        {
            send_unawaited(&last.client, &rollback(self.depth));
        }
    }
}
