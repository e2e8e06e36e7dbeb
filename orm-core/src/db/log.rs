//! What was sent to the database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Level;

/// A record of the statements that a [`Db`](crate::Db) sends, for tests that count them and for programs that show them.
///
/// ```no_run
/// # use unlazy::{Db, StatementLog};
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let log = StatementLog::new();
/// let db = db.logged(&log);
/// // .. run queries on `db` ..
/// assert_eq!(log.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// Every statement is also a `tracing` event of the target `unlazy`, at the level DEBUG.
#[derive(Debug, Clone, Default)]
pub struct StatementLog {
    statements: Arc<Mutex<Vec<LoggedStatement>>>,
    notes: Arc<Mutex<Vec<&'static str>>>,
}

/// A statement that was sent. Values are never recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedStatement {
    /// Its text.
    pub sql: String,
    /// How many rows came back or were changed.
    pub rows: u64,
    /// From sending it to its last row.
    pub elapsed: Duration,
    /// Whether it failed.
    pub failed: bool,
}

impl StatementLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of statements.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The statements, in the order in which they ended.
    pub fn statements(&self) -> Vec<LoggedStatement> {
        self.lock().clone()
    }

    /// Takes the statements out: counting starts anew.
    pub fn take(&self) -> Vec<LoggedStatement> {
        std::mem::take(&mut *self.lock())
    }

    /// Why queries were not run as they asked, each in a sentence, such as why one was not pipelined.
    pub fn notes(&self) -> Vec<&'static str> {
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn note(&self, note: &'static str) {
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
    }

    fn push(&self, statement: LoggedStatement) {
        self.lock().push(statement);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<LoggedStatement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a statement was sent, if anybody wants to know how long it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent(Option<Instant>);

impl Sent {
    pub(super) fn now(log: Option<&StatementLog>) -> Self {
        let is_wanted = log.is_some() || tracing::enabled!(target: "unlazy", Level::DEBUG);
        Self(is_wanted.then(Instant::now))
    }
}

/// Tells `tracing`, and the log if there is one, of a statement that has ended.
pub(super) fn record(log: Option<&StatementLog>, sql: &str, rows: u64, sent: Sent, failed: bool) {
    let Some(sent) = sent.0 else {
        return;
    };
    let elapsed = sent.elapsed();
    tracing::debug!(
        target: "unlazy",
        sql,
        rows,
        elapsed_us = elapsed.as_micros() as u64,
        failed,
    );
    if let Some(log) = log {
        log.push(LoggedStatement {
            sql: sql.to_owned(),
            rows,
            elapsed,
            failed,
        });
    }
}
