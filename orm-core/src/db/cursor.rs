//! Cursors: results that are read a batch at a time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join3;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

use crate::db::snapshot::Standing;
use crate::db::{Connection, is_outdated};
use crate::error::{Error, Result};
use crate::sql::{self, SelectSql};

/// A connection for a query whose rows stay at the server, within a transaction. It begins one on a connection that is in
/// none.
///
/// Dropped before its end, it leaves nothing open.
pub(crate) struct Cursor<'a> {
    connection: Connection<'a>,
    /// `None` if the transaction is begun for it.
    number: Option<Number>,
    /// Whether the server has the cursor, or is being asked for it.
    is_open: AtomicBool,
}

/// The statement that fetches the next rows of a cursor.
pub(crate) struct Fetch {
    pub(crate) select: SelectSql,
    pub(crate) statement: Statement,
}

impl<'a> Cursor<'a> {
    pub(crate) fn on(connection: Connection<'a>) -> Self {
        let begins = connection.standing == Standing::Own;
        Self {
            connection,
            number: (!begins).then(Number::take),
            is_open: AtomicBool::new(false),
        }
    }

    pub(crate) fn connection(&self) -> &Connection<'a> {
        &self.connection
    }

    /// Declares the cursor, to hand over so many rows at a time.
    pub(crate) async fn declare(&self, select: SelectSql, rows: u32) -> Result<Fetch> {
        let SelectSql { sql, layout } = select;
        // It is never sent, but tells the types of the parameters, and is as a rule prepared already.
        let prepared = self.connection.prepare(&sql).await?;
        let name = self.name();
        let declare = async {
            let text = sql::declare(&name, &sql.text);
            self.is_open.store(true, Ordering::Release);
            let done = self
                .connection
                .execute_typed(&text, &sql.parameters, prepared.params())
                .await;
            self.is_open.store(done.is_ok(), Ordering::Release);
            done.map_err(outside_of_transaction)
        };
        let select = SelectSql {
            sql: sql::fetch(&name, rows),
            layout,
        };
        // What FETCH returns is known once the cursor is there.
        let (begun, declared, statement) = join3(
            self.connection.begin_snapshot(self.begins()),
            declare,
            self.connection.prepare(&select.sql),
        )
        .await;
        begun?;
        declared?;
        let statement = statement?;
        Ok(Fetch { select, statement })
    }

    /// Closes the cursor, or ends the transaction that was begun for it.
    pub(crate) async fn close(&self) -> Result<()> {
        self.is_open.store(false, Ordering::Release);
        if self.begins() {
            self.connection.end_snapshot(true).await
        } else {
            let close = sql::close(&self.name());
            self.connection.batch_execute(&close).await
        }
    }

    /// Whether a statement failed only because it was prepared for tables that have changed since, and can be sent anew in
    /// another transaction.
    pub(crate) fn is_worth_another_try(&self, error: &Error) -> bool {
        self.begins() && error.as_driver_error().is_some_and(is_outdated)
    }

    fn begins(&self) -> bool {
        self.number.is_none()
    }

    fn name(&self) -> String {
        match &self.number {
            None => "unlazy stream".to_owned(),
            Some(Number(number)) => format!("unlazy stream {number}"),
        }
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // A transaction that was begun for it is rolled back by the connection.
        if *self.is_open.get_mut() && !self.begins() {
            self.connection.send_unawaited(&sql::close(&self.name()));
        }
    }
}

/// The server says that no transaction is open.
pub(super) fn outside_of_transaction(error: Error) -> Error {
    let code = error.as_db_error().map(|error| error.code());
    if code == Some(&SqlState::NO_ACTIVE_SQL_TRANSACTION) {
        Error::NoTransaction
    } else {
        error
    }
}

/// Tells a cursor from others of the same transaction. It is the smallest number that no cursor of the process has: names
/// that never come again would each have their own lines in `pg_stat_statements`.
struct Number(u32);

static TAKEN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn taken() -> MutexGuard<'static, BTreeSet<u32>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Number {
    fn take() -> Self {
        let mut taken = taken();
        let mut number = 1;
        while !taken.insert(number) {
            number += 1;
        }
        Self(number)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        taken().remove(&self.0);
    }
}
