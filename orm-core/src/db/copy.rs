//! One `COPY .. FROM STDIN` on a connection.

use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use tokio_postgres::CopyInSink;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use crate::bind::OfBaseType;
use crate::db::Connection;
use crate::db::connection::Lease;
use crate::error::Result;

/// Rows on their way. Unless it is [finished](Self::finish), none is stored: it counts as running when it is dropped, so
/// that its connection is closed.
pub(crate) struct Copying<'c> {
    connection: &'c Connection<'c>,
    text: String,
    writer: Pin<Box<BinaryCopyInWriter>>,
    /// Running until it is finished.
    lease: Lease<'c>,
    started: Instant,
}

impl<'c> Copying<'c> {
    pub(crate) async fn begin(
        connection: &'c Connection<'c>,
        text: String,
        types: &[Type],
    ) -> Result<Self> {
        let started = Instant::now();
        let lease = connection.lease()?;
        let begun = lease.run(async { Ok(lease.copy_in(&text).await?) }).await;
        let sink: CopyInSink<Bytes> =
            begun.inspect_err(|_| connection.record_failure(&text, started))?;
        Ok(Self {
            connection,
            text,
            writer: Box::pin(BinaryCopyInWriter::new(sink, types)),
            lease: connection.lease()?,
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
            .inspect_err(|_| self.connection.record_failure(&self.text, self.started))?;
        Ok(())
    }

    /// Ends it and returns the number of rows that were stored.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        let writer = self.writer.as_mut();
        let done = self.lease.run(async { Ok(writer.finish().await?) }).await;
        match &done {
            Ok(rows) => {
                self.connection
                    .record_success(&self.text, *rows, self.started);
            }
            Err(_) => self.connection.record_failure(&self.text, self.started),
        }
        done
    }
}
