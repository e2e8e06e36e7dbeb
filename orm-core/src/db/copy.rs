//! One `COPY .. FROM STDIN` on a connection.

use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use tokio_postgres::CopyInSink;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use crate::bind::OfBaseType;
use crate::db::Connection;
use crate::db::connection::RunningStatement;
use crate::error::Result;

/// Rows on their way. Unless it is [finished](Self::finish), none is stored: it counts as running when it is dropped, so
/// that its connection is closed.
pub(crate) struct Copying<'c> {
    connection: &'c Connection<'c>,
    text: String,
    writer: Pin<Box<BinaryCopyInWriter>>,
    running: RunningStatement<'c>,
    started: Instant,
}

impl<'c> Copying<'c> {
    pub(crate) async fn begin(
        connection: &'c Connection<'c>,
        text: String,
        types: &[Type],
    ) -> Result<Self> {
        let started = Instant::now();
        let beginning = connection.start();
        let begun = connection.client().copy_in(&text).await;
        beginning.end(&begun);
        let sink: CopyInSink<Bytes> =
            begun.map_err(|error| connection.failure(&text, started, error))?;
        Ok(Self {
            connection,
            text,
            writer: Box::pin(BinaryCopyInWriter::new(sink, types)),
            running: connection.start(),
            started,
        })
    }

    /// Sends a row, with a value for each column.
    pub(crate) async fn row(
        &mut self,
        values: impl ExactSizeIterator<Item = &(dyn ToSql + Sync)>,
    ) -> Result<()> {
        self.writer
            .as_mut()
            .write_raw(values.map(OfBaseType))
            .await
            .map_err(|error| self.connection.failure(&self.text, self.started, error))
    }

    /// Ends it and returns the number of rows that were stored.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        let done = self.writer.as_mut().finish().await;
        self.running.end(&done);
        match done {
            Ok(rows) => {
                self.connection.succeeded(&self.text, rows, self.started);
                Ok(rows)
            }
            Err(error) => Err(self.connection.failure(&self.text, self.started, error)),
        }
    }
}
