//! Transactions and savepoints.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio_postgres::IsolationLevel;

use crate::db::Db;
use crate::db::connection::{Connection, PooledClient, Running, RunningStatement};
use crate::db::log::{StatementLog, record};
use crate::error::{Error, Result};
use crate::scope::Scopes;

/// How much a transaction sees of concurrent ones. See PostgreSQL's documentation, chapter "Transaction Isolation".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed before it began. PostgreSQL's default.
    ReadCommitted,
    /// All statements see what was committed before the first one began.
    RepeatableRead,
    /// As if transactions ran one after the other. Be ready to run it again:
    /// [`Error::is_retryable`](crate::Error::is_retryable).
    Serializable,
}

/// How a transaction is begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    isolation: Option<Isolation>,
    read_only: Option<bool>,
    deferrable: bool,
}

impl TransactionOptions {
    /// What the server's settings say.
    pub fn new() -> Self {
        Self::default()
    }

    /// `ISOLATION LEVEL ..`.
    pub fn isolation(self, isolation: Isolation) -> Self {
        Self {
            isolation: Some(isolation),
            ..self
        }
    }

    /// Whether all statements see the same snapshot. Without an isolation level the server's settings decide.
    fn has_one_snapshot(&self) -> bool {
        matches!(
            self.isolation,
            Some(Isolation::RepeatableRead | Isolation::Serializable)
        )
    }

    /// `READ ONLY` or `READ WRITE`.
    pub fn read_only(self, read_only: bool) -> Self {
        Self {
            read_only: Some(read_only),
            ..self
        }
    }

    /// `DEFERRABLE`: a serializable read-only transaction waits until it can run without ever failing.
    pub fn deferrable(self) -> Self {
        Self {
            deferrable: true,
            ..self
        }
    }
}

/// A transaction, or a savepoint within one. Queries run on it as on a [`Db`](crate::Db).
///
/// It ends with the function that it was given to: see [`Db::transaction`](crate::Db::transaction).
pub struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    failed: AtomicBool,
    /// Of the transaction that this savepoint is in.
    outer_failed: Option<&'a AtomicBool>,
    has_one_snapshot: bool,
    pipelined: bool,
    scopes: &'a Scopes,
    log: Option<&'a StatementLog>,
    running: Running,
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl<'a> Transaction<'a> {
    pub(super) async fn run<T, E: From<Error>>(
        client: &mut PooledClient,
        options: TransactionOptions,
        db: &Db,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let log = db.log();
        let running = client.running().clone();
        let mut builder = client.object_mut().build_transaction();
        if let Some(isolation) = options.isolation {
            builder = builder.isolation_level(match isolation {
                Isolation::ReadCommitted => IsolationLevel::ReadCommitted,
                Isolation::RepeatableRead => IsolationLevel::RepeatableRead,
                Isolation::Serializable => IsolationLevel::Serializable,
            });
        }
        if let Some(read_only) = options.read_only {
            builder = builder.read_only(read_only);
        }
        if options.deferrable {
            builder = builder.deferrable(true);
        }
        let inner = logged(log, &running, "BEGIN", builder.start()).await?;
        let transaction = Transaction {
            inner,
            failed: AtomicBool::new(false),
            outer_failed: None,
            has_one_snapshot: options.has_one_snapshot(),
            pipelined: db.is_pipelined(),
            scopes: db.scopes(),
            log,
            running,
        };
        transaction.complete(work, "COMMIT", "ROLLBACK").await
    }

    /// Runs a function within a savepoint: what it did is undone when it returns `Err`, and the transaction goes on.
    ///
    /// # Errors
    ///
    /// As [`Db::transaction`](crate::Db::transaction).
    pub async fn savepoint<T, E>(
        &mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let log = self.log;
        let running = self.running.clone();
        let begun = logged(log, &running, "SAVEPOINT", self.inner.transaction()).await;
        let savepoint = Transaction {
            inner: begun.inspect_err(|_| self.failed.store(true, Ordering::Release))?,
            failed: AtomicBool::new(false),
            outer_failed: Some(&self.failed),
            has_one_snapshot: self.has_one_snapshot,
            pipelined: self.pipelined,
            scopes: self.scopes,
            log,
            running,
        };
        savepoint.complete(work, "RELEASE", "ROLLBACK TO").await
    }

    /// [`Db::batch_execute`](crate::Db::batch_execute) within the transaction.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn batch_execute(&self, sql: &str) -> Result<()> {
        self.connection().batch_execute(sql).await
    }

    async fn complete<T, E: From<Error>>(
        mut self,
        work: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
        commit: &'static str,
        rollback: &'static str,
    ) -> Result<T, E> {
        let done = work(&mut self).await;
        let Self {
            inner,
            failed,
            outer_failed,
            log,
            running,
            ..
        } = self;
        // Behind a statement whose future was dropped nothing can be sent that would not wait for it, and whether it
        // succeeds is not known. The connection is closed, and with it everything is rolled back.
        if running.load(Ordering::Acquire) > 0 {
            return done.and(Err(Error::Aborted.into()));
        }
        let ended = match &done {
            Ok(_) if !failed.load(Ordering::Acquire) => {
                logged(log, &running, commit, inner.commit()).await
            }
            _ => logged(log, &running, rollback, inner.rollback()).await,
        };
        if let (Err(_), Some(outer)) = (&ended, outer_failed) {
            outer.store(true, Ordering::Release);
        }
        // The error of the work says more than that of a rollback on a lost connection.
        let value = done?;
        ended?;
        if failed.load(Ordering::Acquire) {
            return Err(Error::Aborted.into());
        }
        Ok(value)
    }

    pub(super) fn connection(&self) -> Connection<'_> {
        Connection::borrowed(self.inner.client(), Some(&self.inner.statement_cache))
            .in_transaction(self.has_one_snapshot)
            .pipelined_by_default(self.pipelined)
            .with_log(self.log)
            .with_scopes(self.scopes)
            .reporting(&self.failed, &self.running)
    }
}

async fn logged<T>(
    log: Option<&StatementLog>,
    running: &Running,
    statement: &str,
    run: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    let started = Instant::now();
    let running = RunningStatement::start(running);
    let done = run.await;
    running.end(&done);
    record(log, statement, 0, started.elapsed(), done.is_err());
    done.map_err(Error::from)
}
