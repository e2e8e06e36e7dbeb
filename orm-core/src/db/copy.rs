//! One `COPY .. FROM STDIN` on a connection.

use std::future::ready;
use std::ops::Range;
use std::pin::{Pin, pin};

use bytes::Bytes;
use tokio_postgres::CopyInSink;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use crate::bind::OfBaseType;
use crate::db::Connection;
use crate::db::connection::Lease;
use crate::db::log::Sent;
use crate::error::Result;

/// A row that is copied.
pub(crate) trait CopiedRow: Sync {
    /// The value of the column of this number.
    fn value(&self, column: usize) -> &(dyn ToSql + Sync);
}

/// The values of a row, one after the other. As a type of its own it leaves the future `Send`, which a closure over references
/// of any lifetime does not.
struct Values<'r> {
    row: &'r dyn CopiedRow,
    columns: Range<usize>,
}

impl<'r> Iterator for Values<'r> {
    type Item = OfBaseType<'r>;

    fn next(&mut self) -> Option<OfBaseType<'r>> {
        let column = self.columns.next()?;
        Some(OfBaseType(self.row.value(column)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.columns.size_hint()
    }
}

impl ExactSizeIterator for Values<'_> {}

/// Rows on their way. Unless it is [finished](Self::finish), none is stored: it counts as running when it is dropped, so
/// that its connection is closed.
pub(crate) struct Copying<'c> {
    connection: &'c Connection<'c>,
    text: String,
    writer: Pin<Box<BinaryCopyInWriter>>,
    columns: usize,
    /// Running until it is finished.
    lease: Lease<'c>,
    sent: Sent,
}

impl<'c> Copying<'c> {
    pub(crate) async fn begin(
        connection: &'c Connection<'c>,
        text: String,
        types: &[Type],
    ) -> Result<Self> {
        let sent = connection.sent();
        let lease = connection.lease()?;
        // Behind the statement that asked for the types, and so behind the BEGIN of a transaction.
        let sink: CopyInSink<Bytes> = match lease.copy_in(&text).await {
            Ok(sink) => sink,
            Err(error) => {
                connection.record_failure(&text, sent);
                return lease.run(pin!(ready(Err(error.into())))).await;
            }
        };
        Ok(Self {
            connection,
            text,
            writer: Box::pin(BinaryCopyInWriter::new(sink, types)),
            columns: types.len(),
            lease,
            sent,
        })
    }

    /// Sends a row.
    pub(crate) async fn row(&mut self, row: &dyn CopiedRow) -> Result<()> {
        let columns = 0..self.columns;
        self.writer
            .as_mut()
            .write_raw(Values { row, columns })
            .await
            .inspect_err(|_| self.connection.record_failure(&self.text, self.sent))?;
        Ok(())
    }

    /// Ends it and returns the number of rows that were stored.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        let writer = self.writer.as_mut();
        let finish = pin!(async { Ok(writer.finish().await?) });
        let done = self.lease.run(finish).await;
        match &done {
            Ok(rows) => {
                self.connection.record_success(&self.text, *rows, self.sent);
            }
            Err(_) => self.connection.record_failure(&self.text, self.sent),
        }
        done
    }
}
