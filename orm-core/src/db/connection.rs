//! One connection, for as long as one query needs it.

use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;

use deadpool_postgres::StatementCache;
use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Column, Row, RowStream, Statement};

use crate::bind::{OfBaseType, Parameter};
use crate::db::log::{Sent, StatementLog, record};
use crate::db::pooled::{PooledClient, send_unawaited};
use crate::db::snapshot::Standing;
use crate::db::{Db, Transaction};
use crate::decode::check_types;
use crate::error::Result;
use crate::scope::Scopes;
use crate::sql::{Layout, SelectSql, Sql};

/// A connection on which all statements of one query run.
pub struct Connection<'a> {
    client: ClientRef<'a>,
    /// Prepared statements by their text. A bare `tokio_postgres::Client` has none.
    statements: Option<Arc<StatementCache>>,
    log: Option<&'a StatementLog>,
    scopes: Scopes,
    pub(super) standing: Standing,
    /// Whether queries are pipelined that do not say otherwise.
    pipelined: bool,
}

enum ClientRef<'a> {
    Pooled(PooledClient),
    Borrowed(&'a Client),
    Transaction(&'a Transaction),
}

/// What a statement is sent on, for as long as it runs.
pub(super) enum Lease<'a> {
    Pooled(&'a PooledClient),
    Borrowed(&'a Client),
    Transaction(&'a Transaction, Arc<PooledClient>),
}

impl Deref for Lease<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Pooled(client) => client,
            Self::Borrowed(client) => client,
            Self::Transaction(_, client) => client,
        }
    }
}

impl Lease<'_> {
    /// Runs the statement that it was taken for. A transaction begins with its first one.
    ///
    /// By reference, for a future that takes another one by value has room for it twice.
    pub(super) async fn run<T>(
        &self,
        statement: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        match self {
            Self::Borrowed(_) => statement.await,
            Self::Pooled(client) => {
                let done = statement.await;
                client.has_run(&done);
                done
            }
            // Boxed: it is large, and most statements are in no transaction.
            Self::Transaction(transaction, client) => {
                Box::pin(transaction.run(client, statement)).await
            }
        }
    }
}

/// With so many keys it pays to plan anew. Not knowing their number, the server takes it for 10: it finds each through an index and
/// sorts what it finds, where it could have read the table in its order. Measured on PostgreSQL 15 with 50,000 rows: from 5,000 keys
/// on it is never slower, and twice as fast for 10,000.
const MANY_KEYS: usize = 5_000;

/// What is sent when a statement runs.
struct Call<'a> {
    text: &'a str,
    layout: &'a Layout,
    parameters: &'a [Parameter],
    /// Whether it is sent without a name, so that the server plans it for these parameters.
    unnamed: bool,
}

impl<'a> Connection<'a> {
    pub(super) fn pooled(client: PooledClient, db: &'a Db) -> Self {
        Self {
            statements: Some(client.statements().clone()),
            client: ClientRef::Pooled(client),
            log: db.log(),
            scopes: db.scopes().clone(),
            standing: Standing::Own,
            pipelined: db.is_pipelined(),
        }
    }

    pub(super) fn borrowed(client: &'a Client, statements: Option<&Arc<StatementCache>>) -> Self {
        let statements = statements.cloned();
        Self::new(ClientRef::Borrowed(client), statements, Standing::Foreign)
    }

    pub(super) fn of_transaction(
        transaction: &'a Transaction,
        statements: &Arc<StatementCache>,
    ) -> Self {
        let statements = Some(statements.clone());
        let client = ClientRef::Transaction(transaction);
        Self::new(client, statements, Standing::Transaction)
    }

    fn new(
        client: ClientRef<'a>,
        statements: Option<Arc<StatementCache>>,
        standing: Standing,
    ) -> Self {
        Self {
            client,
            statements,
            log: None,
            scopes: Scopes::default(),
            standing,
            pipelined: false,
        }
    }

    /// What a statement is sent on, which counts as running from now on.
    pub(super) fn lease(&self) -> Result<Lease<'_>> {
        match &self.client {
            ClientRef::Pooled(client) => {
                client.runs();
                Ok(Lease::Pooled(client))
            }
            ClientRef::Borrowed(client) => Ok(Lease::Borrowed(client)),
            ClientRef::Transaction(transaction) => {
                Ok(Lease::Transaction(transaction, transaction.lease()?))
            }
        }
    }

    /// Closes the connection if it is of the pool.
    pub(super) fn close(self) {
        if let ClientRef::Pooled(client) = self.client {
            client.close();
        }
    }

    /// The connection of a transaction, whose statements may all see the same snapshot.
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
            || matches!(&self.client, ClientRef::Pooled(client) if client.is_in_transaction())
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

    /// Takes the values that a statement gives to scopes itself.
    pub(super) fn scope_by(&mut self, statement: &Scopes) {
        self.scopes.override_by(statement);
    }

    /// What the handle and the query say of scopes.
    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Begins a transaction, which is rolled back if the connection comes back to its pool before [`Self::end`].
    pub(super) async fn begin(&self, text: &str) -> Result<()> {
        self.set_in_transaction(true);
        self.batch_execute(text).await
    }

    /// Ends a transaction.
    pub(super) async fn end(&self, text: &str) -> Result<()> {
        self.batch_execute(text).await?;
        self.set_in_transaction(false);
        Ok(())
    }

    fn set_in_transaction(&self, in_transaction: bool) {
        if let ClientRef::Pooled(client) = &self.client {
            client.set_in_transaction(in_transaction);
        }
    }

    /// Says that nothing can be committed any more, within a transaction.
    pub(super) fn fail(&self) {
        if let ClientRef::Transaction(transaction) = &self.client {
            transaction.fail();
        }
    }

    /// Prepares a statement, once for each connection and text.
    pub(crate) async fn prepare(&self, sql: &Sql) -> Result<Statement> {
        sql.check()?;
        let text = &sql.text;
        let sent = self.sent();
        let lease = self.lease()?;
        let prepare = pin!(async {
            Ok(match &self.statements {
                Some(statements) if !sql.depends_on_data => statements.prepare(&lease, text).await,
                _ => lease.prepare(text).await,
            }?)
        });
        let prepared = lease.run(prepare).await;
        prepared.inspect_err(|_| self.record_failure(text, sent))
    }

    /// Sends a statement that returns entities, and hands over its rows as they arrive.
    pub(crate) async fn fetch(
        &self,
        statement: &Statement,
        select: &SelectSql,
        parameters: &[Parameter],
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        self.fetch_by_keys(0, statement, select, parameters, each)
            .await
    }

    /// [`fetch`](Self::fetch) for a statement whose first parameters are so many keys. With [`MANY_KEYS`] of them the server plans it for
    /// just these; otherwise it plans it for all values alike, once it has run some times.
    pub(crate) async fn fetch_by_keys(
        &self,
        keys: usize,
        statement: &Statement,
        select: &SelectSql,
        parameters: &[Parameter],
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        let unnamed = keys >= MANY_KEYS;
        if !unnamed {
            check_layout(statement.columns(), &select.layout)?;
        }
        let call = Call {
            text: &select.sql.text,
            layout: &select.layout,
            parameters,
            unnamed,
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
            unnamed: false,
        };
        self.run(&statement, &call, each).await
    }

    /// Prepares and sends a statement for its effect. Returns how many rows it changed.
    pub(crate) async fn execute(&self, sql: &Sql) -> Result<u64> {
        self.query(sql, &mut |_| Ok(())).await
    }

    /// Sends statements without parameters, whose rows are dropped.
    pub(super) async fn batch_execute(&self, text: &str) -> Result<()> {
        let sent = self.sent();
        let lease = self.lease()?;
        let execute = pin!(async { Ok(lease.batch_execute(text).await?) });
        let done = lease.run(execute).await;
        record(self.log, text, 0, sent, done.is_err());
        done
    }

    /// Sends a statement that returns nothing, without preparing it.
    pub(super) async fn execute_typed(
        &self,
        text: &str,
        parameters: &[Parameter],
        types: &[Type],
    ) -> Result<()> {
        let sent = self.sent();
        let values: Vec<OfBaseType<'_>> = borrowed(parameters).collect();
        let typed: Vec<(&(dyn ToSql + Sync), Type)> = values
            .iter()
            .map(|value| value as _)
            .zip(types.iter().cloned())
            .collect();
        let lease = self.lease()?;
        let execute = pin!(async { Ok(lease.execute_typed(text, &typed).await?) });
        let done = lease.run(execute).await;
        record(self.log, text, 0, sent, done.is_err());
        done.map(drop)
    }

    /// Sends a statement whose answer nobody waits for.
    pub(super) fn send_unawaited(&self, text: &str) {
        match &self.client {
            ClientRef::Pooled(client) => send_unawaited(client, text),
            ClientRef::Borrowed(client) => send_unawaited(client, text),
            ClientRef::Transaction(transaction) => transaction.send_unawaited(text),
        }
    }

    async fn run(
        &self,
        statement: &Statement,
        call: &Call<'_>,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<u64> {
        let sent = self.sent();
        let lease = self.lease()?;
        let read = pin!(self.read(&lease, statement, call, each));
        let read = lease.run(read).await;
        let (rows, outcome) = read.inspect_err(|_| self.record_failure(call.text, sent))?;
        record(self.log, call.text, rows, sent, outcome.is_err());
        outcome.map(|()| rows)
    }

    /// Reads the result to its end, even if a row cannot be used: the connection is needed again.
    async fn read(
        &self,
        client: &Client,
        statement: &Statement,
        call: &Call<'_>,
        each: &mut (dyn FnMut(&Row) -> Result<()> + Send),
    ) -> Result<(u64, Result<()>)> {
        let (stream, prepared_anew) = self.open(client, statement, call).await?;
        let mut stream = pin!(stream);
        let mut outcome = match prepared_anew {
            Some(statement) => check_layout(statement.columns(), call.layout),
            None => Ok(()),
        };
        let mut is_checked = !call.unnamed;
        while let Some(row) = stream.try_next().await? {
            if !is_checked {
                outcome = check_layout(row.columns(), call.layout);
                is_checked = true;
            }
            if outcome.is_ok()
                && let Err(error) = each(&row)
            {
                outcome = Err(error);
            }
        }
        Ok((stream.rows_affected().unwrap_or_default(), outcome))
    }

    /// Sends the statement. If the table has changed since it was prepared, it is prepared anew, once, and returned.
    async fn open(
        &self,
        client: &Client,
        statement: &Statement,
        call: &Call<'_>,
    ) -> Result<(RowStream, Option<Statement>), tokio_postgres::Error> {
        if call.unnamed {
            let types = statement.params().iter().cloned();
            let typed = borrowed(call.parameters).zip(types);
            let stream = Box::pin(client.query_typed_raw(call.text, typed)).await?;
            return Ok((stream, None));
        }
        match (
            client.query_raw(statement, borrowed(call.parameters)).await,
            &self.statements,
        ) {
            (Err(error), Some(statements)) if is_outdated(&error) => {
                statements.remove(call.text, &[]);
                if self.is_in_transaction() {
                    return Err(error);
                }
                // Boxed: it hardly ever happens.
                let statement = Box::pin(statements.prepare(client, call.text)).await?;
                let stream = client
                    .query_raw(&statement, borrowed(call.parameters))
                    .await?;
                Ok((stream, Some(statement)))
            }
            (opened, _) => opened.map(|stream| (stream, None)),
        }
    }

    /// Now, when a statement is sent.
    pub(super) fn sent(&self) -> Sent {
        Sent::now(self.log)
    }

    /// Records a statement that has ended well.
    pub(super) fn record_success(&self, text: &str, rows: u64, sent: Sent) {
        record(self.log, text, rows, sent, false);
    }

    pub(super) fn record_failure(&self, text: &str, sent: Sent) {
        record(self.log, text, 0, sent, true);
    }
}

/// Checks the types of the columns that a statement returns.
fn check_layout(columns: &[Column], layout: &Layout) -> Result<()> {
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
