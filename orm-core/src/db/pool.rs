//! The handle on a pool of connections.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Pool, PoolError, TimeoutType, Timeouts};

use crate::connect;
use crate::db::pooled::PooledClient;
use crate::db::transaction::OpenTransaction;
use crate::db::{Connection, Isolation, StatementLog, Transaction, TransactionOptions};
use crate::error::{Error, Result};
use crate::scope::{Scope, Scopes};
use crate::value::IntoValue;

/// A handle on a pool of connections. Clones share the pool and are cheap.
///
/// Each query takes one connection for all of its statements, and gives it back at its end.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    log: Option<StatementLog>,
    pipelined: bool,
    scopes: Scopes,
}

impl Db {
    /// A pool from a libpq-style connection string: a URL (`postgres://user:password@host:5432/database?key=value`)
    /// or `key=value` pairs (`host=localhost user=me password='two words'`).
    ///
    /// No connection is made yet: only the string and the root certificates are read.
    ///
    /// Besides the parameters of [`tokio_postgres::Config`]:
    ///
    /// | parameter | value | default |
    /// | --- | --- | --- |
    /// | `sslmode` | see below | `prefer` |
    /// | `sslrootcert` | a PEM file of trusted certificates, or `system` for those of the system | see below |
    /// | `max_connections` | size of the pool | twice the number of CPUs |
    /// | `acquire_timeout` | seconds for a connection to become free, and for a new one to be made; 0: no limit | 30 |
    ///
    /// `sslmode` is what libpq makes of it:
    ///
    /// | `sslmode` | |
    /// | --- | --- |
    /// | `disable` | no TLS |
    /// | `allow` | TLS only if the server refuses to go without |
    /// | `prefer` | TLS if it works, else without |
    /// | `require` | TLS. Checks the certificate as `verify-ca` does if `sslrootcert` is given, and not at all otherwise |
    /// | `verify-ca` | TLS, and the server's certificate is signed by a trusted one |
    /// | `verify-full` | the same, and the certificate is valid for the host's name |
    ///
    /// Without `sslrootcert`, `verify-ca` and `verify-full` trust the certificates of the system. `sslrootcert=system`
    /// makes `verify-full` the default, and goes with nothing weaker. A Unix socket never uses TLS, whatever the mode.
    ///
    /// # Errors
    /// A string that is not valid, root certificates that cannot be read, or a mode from `require` up without the
    /// feature `tls`.
    pub fn connect(url: &str) -> Result<Self> {
        Ok(connect::pool(url)?.into())
    }

    /// A handle whose statements are recorded in a log, on the same pool.
    pub fn logged(&self, log: &StatementLog) -> Self {
        Self {
            log: Some(log.clone()),
            ..self.clone()
        }
    }

    /// A handle whose queries are [pipelined](crate::Query::pipelined) unless they say otherwise, on the same pool.
    pub fn pipelined(&self) -> Self {
        Self {
            pipelined: true,
            ..self.clone()
        }
    }

    /// A handle whose queries see the rows of one value of a [scope](crate::Scope), on the same pool:
    /// `db.scoped::<Tenant>(5)`. Transactions of it do so too. A [query's own value](crate::Query::scope) comes before it.
    #[must_use = "the scope holds for the handle that is returned"]
    pub fn scoped<S: Scope>(&self, value: impl IntoValue<S::Value>) -> Self {
        Self {
            scopes: self.scopes.with::<S>(value),
            ..self.clone()
        }
    }

    /// A handle for which no [scope](crate::Scope) holds, neither of a value nor of a condition, on the same
    /// pool: for migrations and administration. A value that is given after it, to the handle or to a query, does hold.
    #[must_use = "no scope holds for the handle that is returned"]
    pub fn unscoped(&self) -> Self {
        Self {
            scopes: Scopes::lifted(),
            ..self.clone()
        }
    }

    /// The pool.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Runs a function in a transaction: committed when it returns `Ok`, rolled back when it returns `Err`, or when the
    /// future is dropped.
    ///
    /// ```no_run
    /// # async fn example(db: unlazy::Db) -> unlazy::Result<()> {
    /// let answer = db.transaction(async |tx| {
    ///     unlazy::execute(unlazy::sql!("DELETE FROM drafts WHERE age > $1", 30), tx).await
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Within it, run everything on `tx`: what runs on the `Db` takes another connection, sees nothing of the transaction, and
    /// waits for one in vain if the pool has no more.
    ///
    /// `BEGIN` is sent along with the first statement, so that a transaction of one statement is two round trips: `BEGIN` and the
    /// statement, and then the `COMMIT`. Without any statement nothing is sent. An error of `BEGIN` is therefore one of the first
    /// statement: see [`Error::NotBegun`].
    ///
    /// A transaction may fail because of what others do at the same time, all the more where its isolation level is high:
    /// [`transaction_retrying`](Self::transaction_retrying) runs it again.
    ///
    /// The function's error can be of any type that an [`Error`] converts into. Where nothing else says which, the last line
    /// does: `Ok::<_, unlazy::Error>(())`.
    ///
    /// # Errors
    ///
    /// What the function returns, and the errors of committing. If a statement failed and the function
    /// returned `Ok` all the same, the error is [`Error::Aborted`]: PostgreSQL would answer the COMMIT with a rollback,
    /// and without an error. After an [`Error::Connection`] of the COMMIT, whether it was committed is not known.
    pub async fn transaction<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.transaction_with(TransactionOptions::default(), work)
            .await
    }

    /// [`transaction`](Self::transaction) with an isolation level, read-only, or deferrable.
    pub async fn transaction_with<T, E>(
        &self,
        options: TransactionOptions,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let open = OpenTransaction::on(self, options).await?;
        let done = work(&mut open.handle()).await;
        open.end(done).await.0
    }

    /// Runs a function whose queries all see the database at one moment, and that changes nothing:
    /// `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`.
    ///
    /// For a single query there is [`Query::snapshot`](crate::Query::snapshot).
    ///
    /// # Errors
    ///
    /// As [`transaction`](Self::transaction).
    pub async fn snapshot<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let options = TransactionOptions::new()
            .isolation(Isolation::RepeatableRead)
            .read_only(true);
        self.transaction_with(options, work).await
    }

    /// Runs any number of statements that return nothing and have no parameters, separated by `;`: schemas and migrations.
    /// They are one transaction, unless they say `BEGIN` and `COMMIT` themselves. The connection is closed after them, so
    /// that no setting of theirs outlives them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn batch_execute(&self, sql: &str) -> Result<()> {
        let client = PooledClient::new(self.client().await?);
        let connection = Connection::pooled(client, self);
        let done = connection.batch_execute(sql).await;
        // Whatever it left behind, an open transaction or a setting, the next user of the connection must not find it.
        connection.close();
        done
    }

    pub(super) async fn client(&self) -> Result<deadpool_postgres::Client> {
        // Mostly one is free: then there is no need of a timer.
        let at_once = Timeouts {
            wait: Some(Duration::ZERO),
            ..self.pool.timeouts()
        };
        let client = match self.pool.timeout_get(&at_once).await {
            Err(PoolError::Timeout(TimeoutType::Wait)) => Box::pin(self.pool.get()).await,
            client => client,
        };
        client.map_err(pool_error)
    }

    pub(super) fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    pub(super) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    pub(super) fn log(&self) -> Option<&StatementLog> {
        self.log.as_ref()
    }
}

impl From<Pool> for Db {
    /// Uses a pool that the application already has.
    fn from(pool: Pool) -> Self {
        Self {
            pool,
            log: None,
            pipelined: false,
            scopes: Scopes::default(),
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("status", &self.pool.status())
            .finish_non_exhaustive()
    }
}

fn pool_error(error: PoolError) -> Error {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => Error::PoolTimeout,
        PoolError::Timeout(_) => Error::Connection("the server did not answer in time".into()),
        PoolError::Backend(error) => error.into(),
        error => Error::Connection(error.into()),
    }
}
