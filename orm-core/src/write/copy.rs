//! New rows by the millions: `COPY`.

use std::fmt;
use std::marker::PhantomData;
use std::pin::pin;

use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio_postgres::types::{ToSql, Type};

use crate::db::{Connection, CopiedRow, Copying, Executor};
use crate::entity::{Entity, EntityDef};
use crate::error::{Error, Result};
use crate::scope::Scopes;
use crate::sql::{Table, Writer};
use crate::write::insert::InsertMany;
use crate::write::rows::NewRow;

/// How many rows are sent between two reports of the progress.
const ROWS_BETWEEN_REPORTS: u64 = 1_000;

/// New rows that are sent by `COPY`, the fastest way into a table. Made by `User::copy_in(..)` and
/// `User::copy_in_stream(..)`.
///
/// The rows are taken one by one, as fast as the server takes them, so that memory does not limit their number. They are stored all
/// or none, and nothing comes back but their number. There is no `ON CONFLICT`: copy into a table of its own where that is
/// needed.
///
/// ```
/// # use unlazy::{Db, Entity};
/// # #[derive(Entity)]
/// # #[entity(table = "readings")]
/// # struct Reading {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     sensor: i32,
/// #     value: f64,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// let readings = (0..1_000_000).map(|n| NewReading { sensor: n % 100, value: f64::from(n) });
/// let copied: u64 = Reading::copy_in(readings)
///     .on_progress(|rows| println!("{rows} rows"))
///     .execute(&db)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// COPY "readings" ("sensor", "value") FROM STDIN (FORMAT binary)
/// ```
///
/// For the columns' types, `SELECT "sensor", "value" FROM "readings"` is prepared before it, once for each connection.
#[must_use = "nothing is copied before `.execute(&db).await`"]
pub struct CopyIn<'p, E, S> {
    rows: S,
    report: Option<Report<'p>>,
    marker: PhantomData<fn() -> E>,
}

type Report<'p> = Box<dyn FnMut(u64) + Send + 'p>;

impl<E, S> fmt::Debug for CopyIn<'_, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

impl<E: Entity, S> CopyIn<'static, E, S> {
    pub(crate) fn new(rows: S) -> Self {
        Self {
            rows,
            report: None,
            marker: PhantomData,
        }
    }
}

impl<E: Entity, S> CopyIn<'_, E, S> {
    /// Calls a function with the number of rows that are on their way so far: each thousand rows, and at the end.
    pub fn on_progress<'p>(self, report: impl FnMut(u64) + Send + 'p) -> CopyIn<'p, E, S> {
        CopyIn {
            rows: self.rows,
            report: Some(Box::new(report)),
            marker: PhantomData,
        }
    }

    /// Sends the rows and returns their number. None is stored if the future is dropped before its end, or if the stream ends with
    /// an error; the connection is closed then, and a transaction that it was a part of is rolled back.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a constraint refuses a row, which is known only when all are sent. The stream's own error.
    pub async fn execute<N, F, X>(mut self, on: &X) -> Result<u64, F>
    where
        S: Stream<Item = Result<N, F>>,
        N: NewRow<E>,
        F: From<Error>,
        X: Executor + ?Sized,
    {
        if N::COLUMNS.is_empty() {
            // A list of no columns would be one of all of them.
            let rows: Vec<N> = self.rows.try_collect().await?;
            return Ok(InsertMany::<E>::new(rows).execute(on).await?);
        }
        let connection = on.acquire().connection().await?;
        let mut copying = begin(E::DEF, N::COLUMNS, &connection).await?;
        let mut rows = pin!(self.rows);
        let mut sent = 0;
        while let Some(row) = rows.next().await {
            let row = Row(row?, PhantomData::<fn() -> E>);
            copying.row(&row).await?;
            sent += 1;
            if sent % ROWS_BETWEEN_REPORTS == 0
                && let Some(report) = &mut self.report
            {
                report(sent);
            }
        }
        let stored = copying.finish().await?;
        if let Some(report) = &mut self.report {
            report(stored);
        }
        Ok(stored)
    }
}

/// A new row of `E`.
struct Row<E, N>(N, PhantomData<fn() -> E>);

impl<E: Entity, N: NewRow<E>> CopiedRow for Row<E, N> {
    fn value(&self, column: usize) -> &(dyn ToSql + Sync) {
        self.0.value(column)
    }
}

async fn begin<'c>(
    def: &EntityDef,
    columns: &[usize],
    connection: &'c Connection<'c>,
) -> Result<Copying<'c>> {
    let mut writer = Writer::new(Scopes::NONE);
    for (position, &column) in columns.iter().enumerate() {
        writer.separate(position);
        writer.name(def.columns[column].name);
    }
    let names = writer.take();
    let table = Table::of(def);
    writer.write(format_args!("SELECT {names} FROM {table}"));
    let types: Vec<Type> = connection
        .prepare(&writer.finish())
        .await?
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let text = format!("COPY {table} ({names}) FROM STDIN (FORMAT binary)");
    Copying::begin(connection, text, &types).await
}
