//! What a transaction's handles share with the function that runs it.

use std::future::{poll_fn, ready};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use deadpool_postgres::StatementCache;
use futures_util::future::{BoxFuture, Either, join, select};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio_postgres::error::SqlState;

use crate::db::Db;
use crate::db::log::{Sent, StatementLog, record};
use crate::db::pooled::{PooledClient, send_unawaited};
use crate::db::transaction::{TransactionOptions, savepoint};
use crate::error::{Error, Result};
use crate::scope::Scopes;

pub(super) struct Shared {
    options: TransactionOptions,
    pub(super) pipelined: bool,
    pub(super) scopes: Scopes,
    pub(super) log: Option<StatementLog>,
    pub(super) statements: Arc<StatementCache>,
    state: Mutex<State>,
    /// It never has a permit, and is closed at the end.
    end: Semaphore,
}

struct State {
    /// `None` once the transaction has ended.
    client: Option<Arc<PooledClient>>,
    /// The transaction, and the savepoints that it is within.
    levels: Vec<Level>,
    /// Whether the last thing that went wrong was a conflict with somebody else, and nothing has gone right since.
    has_conflict: bool,
    /// What was sent, and is not answered yet.
    begins: Vec<Begin>,
    /// Whether the server has refused to begin it.
    is_refused: bool,
}

/// A BEGIN or SAVEPOINT that was sent.
struct Begin {
    depth: usize,
    answer: BoxFuture<'static, Result<()>>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Level {
    /// Whether its BEGIN or SAVEPOINT is sent.
    pub(super) is_begun: bool,
    /// Whether a statement failed: nothing can be committed any more.
    pub(super) has_failed: bool,
}

/// What is left of a transaction that nothing can be sent on any more but its end.
pub(super) struct Last {
    pub(super) client: Arc<PooledClient>,
    pub(super) level: Level,
    pub(super) has_conflict: bool,
}

impl Shared {
    pub(super) fn new(client: PooledClient, options: TransactionOptions, db: &Db) -> Self {
        Self {
            options,
            pipelined: db.is_pipelined(),
            scopes: db.scopes().clone(),
            log: db.log().cloned(),
            statements: client.statements().clone(),
            state: Mutex::new(State {
                client: Some(Arc::new(client)),
                levels: vec![Level::default()],
                has_conflict: false,
                begins: Vec::new(),
                is_refused: false,
            }),
            end: Semaphore::new(0),
        }
    }

    pub(super) fn has_one_snapshot(&self) -> bool {
        self.options.has_one_snapshot()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection for a statement, which runs on it from now on.
    pub(super) fn lease(&self, depth: usize) -> Result<Arc<PooledClient>> {
        let state = self.lock();
        let client = state.client_for(depth)?;
        client.runs();
        Ok(client.clone())
    }

    /// Runs a statement, behind the BEGIN if it is the first. It is given up when the transaction ends.
    pub(super) async fn run<T>(
        &self,
        depth: usize,
        client: &PooledClient,
        statement: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut statement = pin!(statement);
        let sent = async {
            let (begins, first) =
                poll_fn(|context| Poll::Ready(self.send(depth, statement.as_mut(), context)))
                    .await?;
            match first {
                Poll::Ready(done) => done,
                Poll::Pending => {
                    let (begun, done) = join(self.have_begun(begins), statement).await;
                    begun.and(done)
                }
            }
        };
        let done = match select(pin!(self.end.acquire()), pin!(sent)).await {
            Either::Left(_) => Err(Error::TransactionEnded),
            Either::Right((done, _)) => done,
        };
        if self.lock().has_failed_unseen(depth, &done) {
            // The error of what failed has arrived before. Whoever waits for both sees that one first.
            yield_now().await;
        }
        self.lock().learn(depth, &done);
        client.has_run(&done);
        done
    }

    /// Polls a statement for the first time, which sends it, behind what begins the transaction and the savepoints that it is
    /// within, if that is not sent yet. Also returns what has begun them and is not answered, for the first who waits.
    ///
    /// All of that happens under the lock: a statement is behind the BEGIN on the connection, and so at the server, and none is
    /// behind the end.
    ///
    /// PostgreSQL leaves a transaction that cannot begin for one that is not there, and what is sent behind it runs by itself.
    /// It refuses to begin one only if it is cancelled or timed out in that very moment, or if a standby does not have what was
    /// asked for, which cannot write anything; a pooler in between may refuse more. Only a driver that sends statements
    /// together without a Sync between them could rule it out. So nothing more is sent, the connection is closed, and the
    /// error says what may have happened.
    fn send<T>(
        &self,
        depth: usize,
        statement: Pin<&mut impl Future<Output = Result<T>>>,
        context: &mut Context<'_>,
    ) -> Result<(Vec<Begin>, Poll<Result<T>>)> {
        let mut state = self.lock();
        let client = state.client_for(depth)?.clone();
        let mut begins = mem::take(&mut state.begins);
        let levels = state.levels.iter_mut().enumerate().take(depth + 1);
        for (depth, level) in levels.filter(|(_, level)| !level.is_begun) {
            level.is_begun = true;
            client.set_in_transaction(true);
            let text = match depth {
                0 => self.options.begin(),
                _ => savepoint::begin(depth),
            };
            let (client, log) = (client.clone(), self.log.clone());
            let mut answer: BoxFuture<'static, _> =
                Box::pin(async move { control(&client, log.as_ref(), &text).await });
            if let Poll::Ready(done) = answer.as_mut().poll(context) {
                answer = Box::pin(ready(done));
            }
            begins.push(Begin { depth, answer });
        }
        let first = statement.poll(context);
        if first.is_ready() {
            // A prepared statement from the cache, as a rule. What is sent next waits for the answers.
            state.begins = mem::take(&mut begins);
        }
        Ok((begins, first))
    }

    async fn have_begun(&self, begins: Vec<Begin>) -> Result<()> {
        let mut outcome = Ok(());
        for begin in begins {
            let answer = begin.answer.await;
            let begun = answer.map_err(|error| self.lock().is_not_begun(begin.depth, error));
            outcome = outcome.and(begun);
        }
        outcome
    }

    /// Waits for the answers that nobody has waited for.
    pub(super) async fn settle(&self) -> Result<()> {
        let begins = mem::take(&mut self.lock().begins);
        self.have_begun(begins).await
    }

    /// Sends a statement that ends something.
    pub(super) async fn end_by(&self, client: &PooledClient, statement: &str) -> Result<()> {
        control(client, self.log.as_ref(), statement).await
    }

    /// Sends a statement whose answer nobody waits for.
    pub(super) fn send_unawaited(&self, depth: usize, text: &str) {
        if let Ok(client) = self.lock().client_for(depth) {
            send_unawaited(client, text);
        }
    }

    /// Enters a savepoint, of which nothing is sent yet.
    pub(super) fn enter(&self, depth: usize) -> Result<()> {
        let mut state = self.lock();
        state.client_for(depth)?;
        state.levels.truncate(depth + 1);
        state.levels.push(Level::default());
        Ok(())
    }

    /// Leaves a savepoint: nothing can be sent within it any more.
    pub(super) fn leave(&self, depth: usize) -> Option<Last> {
        let mut state = self.lock();
        let client = state.client_at(depth)?.clone();
        let level = *state.levels.get(depth)?;
        state.levels.truncate(depth);
        Some(Last {
            client,
            level,
            has_conflict: state.has_conflict,
        })
    }

    /// Says that nothing can be committed any more.
    pub(super) fn fail(&self, depth: usize) {
        if let Some(level) = self.lock().levels.get_mut(depth) {
            level.has_failed = true;
        }
    }

    /// Takes the connection, after which nothing can be sent on any handle. Statements under way are given up.
    pub(super) fn take(&self) -> Option<Last> {
        let last = {
            let mut state = self.lock();
            let client = state.client.take()?;
            state.begins.clear();
            Last {
                client,
                level: state.levels.first().copied().unwrap_or_default(),
                has_conflict: state.has_conflict,
            }
        };
        self.end.close();
        Some(last)
    }
}

impl State {
    fn client_at(&self, depth: usize) -> Option<&Arc<PooledClient>> {
        self.client.as_ref().filter(|_| depth < self.levels.len())
    }

    /// The connection, as long as something can be sent on it.
    fn client_for(&self, depth: usize) -> Result<&Arc<PooledClient>> {
        let client = self.client_at(depth).ok_or(Error::TransactionEnded)?;
        match self.is_refused {
            true => Err(Error::Aborted),
            false => Ok(client),
        }
    }

    /// Whether a statement failed only because another one has, which was sent before it and nobody has heard of.
    fn has_failed_unseen<T>(&self, depth: usize, outcome: &Result<T>) -> bool {
        let level = self.levels.get(depth);
        level.is_some_and(|level| !level.has_failed)
            && outcome.as_ref().is_err_and(|error| {
                let code = error.as_db_error().map(|error| error.code());
                code == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
            })
    }

    /// Learns from the outcome of a statement.
    fn learn<T>(&mut self, depth: usize, outcome: &Result<T>) {
        let Some(level) = self.levels.get_mut(depth) else {
            return;
        };
        match outcome {
            // Of statements that are sent together, one may end well whose end is seen after the failure of another.
            Ok(_) => self.has_conflict &= level.has_failed,
            // An error of the driver, such as a value that does not fit its parameter, was never sent.
            Err(error) if error.as_db_error().is_some() || error.is_lost_connection() => {
                self.has_conflict = level.has_failed && self.has_conflict || error.is_conflict();
                level.has_failed = true;
            }
            Err(_) => {}
        }
    }

    /// The error of what was sent along with a BEGIN or SAVEPOINT that failed.
    fn is_not_begun(&mut self, depth: usize, error: Error) -> Error {
        for level in self.levels.iter_mut().take(depth + 1) {
            level.has_failed = true;
        }
        if depth > 0 || error.is_lost_connection() {
            return error;
        }
        self.is_refused = true;
        if let Some(client) = &self.client {
            // It never ends, so that the connection is closed.
            client.runs();
        }
        Error::NotBegun(Box::new(error))
    }
}

/// Sends a statement that begins or ends something.
async fn control(client: &PooledClient, log: Option<&StatementLog>, text: &str) -> Result<()> {
    let sent = Sent::now(log);
    client.runs();
    let done = client.batch_execute(text).await.map_err(Error::from);
    client.has_run(&done);
    record(log, text, 0, sent, done.is_err());
    done
}
