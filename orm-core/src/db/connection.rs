//! One connection, for as long as one query needs it.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use deadpool_postgres::StatementCache;
use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream, Statement};

use crate::bind::{OfBaseType, Parameter};
use crate::db::log::{StatementLog, record};
use crate::db::snapshot::{Standing, send_unawaited};
use crate::decode::check_types;
use crate::error::{Result, is_lost_connection};
use crate::scope::Scopes;
use crate::sql::{Layout, SelectSql, Sql};

/// A connection on which all statements of one query run.
pub struct Connection<'a> {
    client: ClientRef<'a>,
    /// Prepared statements by their text. A bare `tokio_postgres::Client` has none.
    statements: Option<Arc<StatementCache>>,
    log: Option<&'a StatementLog>,
    scopes: Scopes,
    /// Set when a statement fails: within a transaction, nothing can be committed any more.
    failed: Option<&'a AtomicBool>,
    pub(super) standing: Standing,
    /// Whether a snapshot was begun on it that is not ended yet.
    pub(super) in_snapshot: Arc<AtomicBool>,
    /// Whether queries are pipelined that do not say otherwise.
    pipelined: bool,
    /// Statements whose results are not yet read to the end.
    running: Running,
}

enum ClientRef<'a> {
    Pooled(PooledClient),
    Borrowed(&'a Client),
}

impl Deref for ClientRef<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Pooled(pooled) => pooled.client(),
            Self::Borrowed(client) => client,
        }
    }
}

/// The number of statements under way on a connection.
pub(super) type Running = Arc<AtomicUsize>;

/// A connection of the pool, which goes back to it only if nothing is running on it.
///
/// A future that is dropped does not stop its statement: the next user of the connection would wait for it. So a
/// connection that is dropped with a statement under way is closed instead.
pub(super) struct PooledClient {
    /// Boxed: it is large, and moves with the connection.
    object: Option<Box<deadpool_postgres::Client>>,
    running: Running,
    in_snapshot: Arc<AtomicBool>,
}

impl PooledClient {
    pub(super) fn new(object: deadpool_postgres::Client) -> Self {
        Self {
            object: Some(Box::new(object)),
            running: Running::default(),
            in_snapshot: Arc::default(),
        }
    }

    /// Closes the connection instead of giving it back.
    pub(super) fn close(mut self) {
        if let Some(object) = self.object.take() {
            drop(deadpool_postgres::Client::take(*object));
        }
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    fn object(&self) -> &deadpool_postgres::Client {
        self.object.as_ref().expect("taken only when dropped")
    }

    pub(super) fn object_mut(&mut self) -> &mut deadpool_postgres::Client {
        self.object.as_mut().expect("taken only when dropped")
    }

    fn client(&self) -> &Client {
        self.object()
    }
}

impl Drop for PooledClient {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        if self.running.load(Ordering::Acquire) > 0 {
            tracing::debug!(target: "unlazy", "a query was dropped before its end: closing its connection");
            drop(deadpool_postgres::Client::take(*object));
        } else if self.in_snapshot.load(Ordering::Acquire) {
            send_unawaited(&object, "ROLLBACK");
        }
    }
}

/// Counts a statement as running until it has ended; it never does if its future is dropped or its connection is lost.
pub(super) struct RunningStatement<'c>(&'c AtomicUsize);

impl<'c> RunningStatement<'c> {
    pub(super) fn start(running: &'c AtomicUsize) -> Self {
        running.fetch_add(1, Ordering::AcqRel);
        Self(running)
    }

    pub(super) fn end<T>(self, outcome: &Result<T, tokio_postgres::Error>) {
        if !outcome.as_ref().is_err_and(is_lost_connection) {
            self.0.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// What is sent when a statement runs.
struct Call<'a> {
    text: &'a str,
    layout: &'a Layout,
    parameters: &'a [Parameter],
}

impl<'a> Connection<'a> {
    pub(super) fn pooled(client: PooledClient, log: Option<&'a StatementLog>) -> Self {
        Self {
            statements: Some(client.object().statement_cache.clone()),
            running: client.running().clone(),
            in_snapshot: client.in_snapshot.clone(),
            client: ClientRef::Pooled(client),
            log,
            scopes: Scopes::default(),
            failed: None,
            standing: Standing::Own,
            pipelined: false,
        }
    }

    pub(super) fn borrowed(client: &'a Client, statements: Option<&Arc<StatementCache>>) -> Self {
        Self {
            client: ClientRef::Borrowed(client),
            statements: statements.cloned(),
            log: None,
            scopes: Scopes::default(),
            failed: None,
            standing: Standing::Foreign,
            in_snapshot: Arc::default(),
            pipelined: false,
            running: Running::default(),
        }
    }

    /// Closes the connection if it is of the pool.
    pub(super) fn close(self) {
        if let ClientRef::Pooled(client) = self.client {
            client.close();
        }
    }

    /// The connection of a transaction.
    pub(super) fn in_transaction(self, has_one_snapshot: bool) -> Self {
        let standing = if has_one_snapshot {
            Standing::Snapshot
        } else {
            Standing::Transaction
        };
        Self { standing, ..self }
    }

    pub(super) fn pipelined_by_default(self, pipelined: bool) -> Self {
        Self { pipelined, ..self }
    }

    /// Whether queries are pipelined here that do not say otherwise.
    pub(crate) fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    /// Whether a statement that fails leaves a transaction in which nothing can be tried again.
    pub(crate) fn is_in_transaction(&self) -> bool {
        matches!(self.standing, Standing::Snapshot | Standing::Transaction)
            || self.in_snapshot.load(Ordering::Acquire)
    }

    /// Says why something was not done as it was asked for.
    pub(crate) fn note(&self, note: &'static str) {
        tracing::debug!(target: "unlazy", note);
        if let Some(log) = self.log {
            log.note(note);
        }
    }

    /// Forgets the prepared statements, because the tables have changed since.
    pub(crate) fn forget_statements(&self) {
        if let Some(statements) = &self.statements {
            statements.clear();
        }
    }

    pub(super) fn with_log(self, log: Option<&'a StatementLog>) -> Self {
        Self { log, ..self }
    }

    pub(super) fn with_scopes(self, scopes: &Scopes) -> Self {
        let scopes = scopes.clone();
        Self { scopes, ..self }
    }

    /// The connection for a statement that gives values of its own to scopes.
    pub(crate) fn scoped_by(self, statement: &Scopes) -> Self {
        let scopes = self.scopes.overridden_by(statement);
        Self { scopes, ..self }
    }

    /// What the handle and the query say of scopes.
    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    pub(super) fn reporting(self, failed: &'a AtomicBool, running: &Running) -> Self {
        Self {
            failed: Some(failed),
            running: running.clone(),
            ..self
        }
    }

    /// Prepares a statement, once for each connection and text.
    pub(crate) async fn prepare(&self, sql: &Sql) -> Result<Statement> {
        sql.check()?;
        let text = &sql.text;
        let running = RunningStatement::start(&self.running);
        let started = Instant::now();
        let prepared = match &self.statements {
            Some(statements) if !sql.depends_on_data => {
                statements.prepare(&self.client, text).await
            }
            _ => self.client.prepare(text).await,
        };
        running.end(&prepared);
        prepared.map_err(|error| self.failure(text, started, error))
    }

    /// Sends a statement that returns entities, and hands over its rows as they arrive.
    pub(crate) async fn fetch(
        &self,
        statement: &Statement,
        select: &SelectSql,
        parameters: &[Parameter],
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        check_layout(statement, &select.layout)?;
        let call = Call {
            text: &select.sql.text,
            layout: &select.layout,
            parameters,
        };
        self.run(statement, &call, each).await
    }

    /// Prepares and sends a statement, and hands over its rows as they arrive.
    pub(crate) async fn query(
        &self,
        sql: &Sql,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        let statement = self.prepare(sql).await?;
        let call = Call {
            text: &sql.text,
            layout: Layout::EMPTY,
            parameters: &sql.parameters,
        };
        self.run(&statement, &call, each).await
    }

    /// Prepares and sends a statement for its effect. Returns how many rows it changed.
    pub(crate) async fn execute(&self, sql: &Sql) -> Result<u64> {
        self.query(sql, &mut |_| Ok(())).await
    }

    /// Sends statements without parameters, whose rows are dropped.
    pub(super) async fn batch_execute(&self, text: &str) -> Result<()> {
        let started = Instant::now();
        let running = RunningStatement::start(&self.running);
        let done = self.client.batch_execute(text).await;
        running.end(&done);
        done.map_err(|error| self.failure(text, started, error))?;
        record(self.log, text, 0, started.elapsed(), false);
        Ok(())
    }

    /// Sends a statement that returns nothing, without preparing it.
    pub(super) async fn execute_typed(
        &self,
        text: &str,
        parameters: &[Parameter],
        types: &[Type],
    ) -> Result<()> {
        let started = Instant::now();
        let running = RunningStatement::start(&self.running);
        let values: Vec<OfBaseType<'_>> = borrowed(parameters).collect();
        let typed: Vec<(&(dyn ToSql + Sync), Type)> = values
            .iter()
            .map(|value| value as _)
            .zip(types.iter().cloned())
            .collect();
        let done = self.client.execute_typed(text, &typed).await;
        running.end(&done);
        done.map_err(|error| self.failure(text, started, error))?;
        record(self.log, text, 0, started.elapsed(), false);
        Ok(())
    }

    /// Sends a statement whose answer nobody waits for.
    pub(super) fn send_unawaited(&self, text: &str) {
        send_unawaited(&self.client, text);
    }

    async fn run(
        &self,
        statement: &Statement,
        call: &Call<'_>,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        let started = Instant::now();
        let running = RunningStatement::start(&self.running);
        let read = self.read(statement, call, each).await;
        running.end(&read);
        let (rows, outcome) = read.map_err(|error| self.failure(call.text, started, error))?;
        record(
            self.log,
            call.text,
            rows,
            started.elapsed(),
            outcome.is_err(),
        );
        outcome.map(|()| rows)
    }

    /// Reads the result to its end, even if a row cannot be used: the connection is needed again.
    async fn read(
        &self,
        statement: &Statement,
        call: &Call<'_>,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<(u64, Result<()>), tokio_postgres::Error> {
        let (stream, prepared_anew) = self.open(statement, call).await?;
        let mut stream = pin!(stream);
        let mut outcome = match prepared_anew {
            Some(statement) => check_layout(&statement, call.layout),
            None => Ok(()),
        };
        while let Some(row) = stream.try_next().await? {
            if outcome.is_ok() {
                outcome = each(&row);
            }
        }
        Ok((stream.rows_affected().unwrap_or_default(), outcome))
    }

    /// Sends the statement. If the table has changed since it was prepared, it is prepared anew, once, and returned.
    async fn open(
        &self,
        statement: &Statement,
        call: &Call<'_>,
    ) -> Result<(RowStream, Option<Statement>), tokio_postgres::Error> {
        match (
            self.client
                .query_raw(statement, borrowed(call.parameters))
                .await,
            &self.statements,
        ) {
            (Err(error), Some(statements)) if is_outdated(&error) => {
                statements.remove(call.text, &[]);
                if self.is_in_transaction() {
                    return Err(error);
                }
                let statement = statements.prepare(&self.client, call.text).await?;
                let stream = self
                    .client
                    .query_raw(&statement, borrowed(call.parameters))
                    .await?;
                Ok((stream, Some(statement)))
            }
            (opened, _) => opened.map(|stream| (stream, None)),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Counts a statement as running.
    pub(super) fn start(&self) -> RunningStatement<'_> {
        RunningStatement::start(&self.running)
    }

    /// Records a statement that has ended well.
    pub(super) fn succeeded(&self, text: &str, rows: u64, started: Instant) {
        record(self.log, text, rows, started.elapsed(), false);
    }

    pub(super) fn failure(
        &self,
        text: &str,
        started: Instant,
        error: tokio_postgres::Error,
    ) -> crate::Error {
        // An error of the driver, such as a value that does not fit its parameter, was never sent.
        if let Some(failed) = self.failed
            && (error.as_db_error().is_some() || is_lost_connection(&error))
        {
            failed.store(true, Ordering::Release);
        }
        record(self.log, text, 0, started.elapsed(), true);
        error.into()
    }
}

/// Checks the types of the columns that a statement returns.
fn check_layout(statement: &Statement, layout: &Layout) -> Result<()> {
    let columns = statement.columns();
    layout
        .parts
        .iter()
        .try_for_each(|part| check_types(part, columns))?;
    layout
        .values
        .iter()
        .try_for_each(|value| value.check(columns))
}

/// "cached plan must not change result type", and a prepared statement that the server has forgotten.
pub(crate) fn is_outdated(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::FEATURE_NOT_SUPPORTED || *code == SqlState::INVALID_SQL_STATEMENT_NAME
    })
}

fn borrowed(parameters: &[Parameter]) -> impl ExactSizeIterator<Item = OfBaseType<'_>> {
    parameters.iter().map(|parameter| OfBaseType(&**parameter))
}
