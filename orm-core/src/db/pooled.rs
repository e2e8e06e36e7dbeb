//! A connection of the pool, while it is in use.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::StatementCache;
use futures_util::FutureExt;
use tokio_postgres::Client;

use crate::error::{Error, Result};

/// A connection of the pool, which goes back to it only if nothing is running on it.
///
/// A future that is dropped does not stop its statement: the next user of the connection would wait for it. So a
/// connection that is dropped with a statement under way is closed instead. A transaction that is open on it is rolled back.
pub(super) struct PooledClient {
    /// Boxed: it is large, and moves with the connection.
    object: Option<Box<deadpool_postgres::Client>>,
    /// Statements whose results are not yet read to the end.
    running: AtomicUsize,
    in_transaction: AtomicBool,
}

impl PooledClient {
    pub(super) fn new(object: deadpool_postgres::Client) -> Self {
        Self {
            object: Some(Box::new(object)),
            running: AtomicUsize::new(0),
            in_transaction: AtomicBool::new(false),
        }
    }

    /// Closes the connection instead of giving it back.
    pub(super) fn close(mut self) {
        if let Some(object) = self.object.take() {
            drop(deadpool_postgres::Client::take(*object));
        }
    }

    /// Prepared statements by their text.
    pub(super) fn statements(&self) -> &Arc<StatementCache> {
        &self.object().statement_cache
    }

    /// Counts a statement as running, until [`has_run`](Self::has_run) says that it is not.
    pub(super) fn runs(&self) {
        self.running.fetch_add(1, Ordering::AcqRel);
    }

    /// A statement has ended. It never does if its future is dropped or its connection is lost, or if it was given up.
    pub(super) fn has_run<T>(&self, outcome: &Result<T>) {
        if !matches!(outcome, Err(Error::Connection(_) | Error::TransactionEnded)) {
            self.running.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether a statement has not ended. Behind it nothing can be sent that would not wait for it.
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    /// Says whether a transaction was begun on it that is not ended yet.
    pub(super) fn set_in_transaction(&self, in_transaction: bool) {
        self.in_transaction.store(in_transaction, Ordering::Release);
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.in_transaction.load(Ordering::Acquire)
    }

    fn object(&self) -> &deadpool_postgres::Client {
        self.object.as_ref().expect("taken only when dropped")
    }
}

impl Deref for PooledClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.object()
    }
}

impl Drop for PooledClient {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        if self.is_running() {
            tracing::debug!(target: "unlazy", "a query was dropped before its end: closing its connection");
            drop(deadpool_postgres::Client::take(*object));
        } else if self.is_in_transaction() {
            send_unawaited(&object, "ROLLBACK");
        }
    }
}

/// Ends what was begun by something that was dropped. The statement is sent when the future is first polled; the next user of
/// the connection waits for its answer, which nobody reads.
pub(super) fn send_unawaited(client: &Client, statement: &str) {
    let _ = client.batch_execute(statement).now_or_never();
}
