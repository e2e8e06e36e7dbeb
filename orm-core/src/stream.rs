//! Results as streams: any number of entities in bounded memory.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};

use crate::annotate::Annotations;
use crate::db::{Acquire, Connection, Cursor, Fetch};
use crate::entity::Entity;
use crate::error::Result;
use crate::load::{Loads, has_statements, nodes, plan};
use crate::run::{Found, How};
use crate::select::Select;
use crate::sql;

/// The entities of a query, a batch of them at a time in memory. See [`Query::stream`](crate::Query::stream).
///
/// It is a [`Stream`], so that the adapters of the crate `futures` work on it; [`try_next`](Self::try_next) needs no other
/// crate. After an error it ends.
#[must_use = "a stream does nothing until it is read, for example with `.try_next().await`"]
pub struct EntityStream<'a, V> {
    batch: vec::IntoIter<V>,
    batches: BoxStream<'a, Result<Vec<V>>>,
}

impl<V> EntityStream<'_, V> {
    /// The next entity, or `None` at the end.
    ///
    /// A call whose future is dropped before it is ready loses nothing.
    ///
    /// # Errors
    ///
    /// As [`Query::stream`](crate::Query::stream).
    pub async fn try_next(&mut self) -> Result<Option<V>> {
        TryStreamExt::try_next(self).await
    }
}

impl<V> Stream for EntityStream<'_, V> {
    type Item = Result<V>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<V>>> {
        loop {
            if let Some(value) = self.batch.next() {
                return Poll::Ready(Some(Ok(value)));
            }
            match ready!(self.batches.as_mut().poll_next(context)) {
                Some(Ok(batch)) => self.batch = batch.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.batch.len(), None)
    }
}

/// No value in it is ever pinned.
impl<V> Unpin for EntityStream<'_, V> {}

impl<V> fmt::Debug for EntityStream<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntityStream")
            .field("ready", &self.batch.len())
            .finish_non_exhaustive()
    }
}

/// Reads a query batch by batch, on a connection that is taken when the stream is first polled.
pub(crate) fn stream<'a, E: Entity, L: Loads<E>, A: Annotations>(
    select: Select,
    loads: L,
    how: How,
    connection: Acquire<'a>,
) -> EntityStream<'a, A::Row<L::Value>> {
    let query = StreamedQuery { select, loads, how };
    let start = (query, Place::Start(connection));
    let batches = try_unfold(start, async |(query, place)| {
        let batch = query.next_batch::<E, A>(place).await?;
        Ok(batch.map(|(values, place)| (values, (query, place))))
    });
    EntityStream {
        batch: Vec::new().into_iter(),
        batches: batches.boxed(),
    }
}

struct StreamedQuery<L> {
    select: Select,
    loads: L,
    how: How,
}

/// How far a stream has been read.
enum Place<'a> {
    Start(Acquire<'a>),
    Within(Cursor<'a>, Fetch),
    End,
}

impl<L> StreamedQuery<L> {
    /// The next entities. On an error everything is dropped, which leaves nothing open.
    async fn next_batch<'a, E: Entity, A: Annotations>(
        &self,
        place: Place<'a>,
    ) -> Result<Option<(Vec<A::Row<L::Value>>, Place<'a>)>>
    where
        L: Loads<E>,
    {
        let (values, cursor, fetch) = match place {
            Place::Start(connection) => {
                let cursor =
                    Cursor::on(connection.connection_scoped_by(&self.select.scopes).await?);
                let mut first = self.first::<E, A>(&cursor).await;
                if first
                    .as_ref()
                    .is_err_and(|error| cursor.is_worth_another_try(error))
                {
                    cursor.close().await?;
                    cursor.connection().forget_statements();
                    first = self.first::<E, A>(&cursor).await;
                }
                let (values, fetch) = first?;
                (values, cursor, fetch)
            }
            Place::Within(cursor, fetch) => {
                (self.fetch::<E, A>(&cursor, &fetch).await?, cursor, fetch)
            }
            Place::End => return Ok(None),
        };
        let is_full = values.len() == self.how.batch_size() as usize;
        let place = if is_full {
            Place::Within(cursor, fetch)
        } else {
            cursor.close().await?;
            Place::End
        };
        Ok(Some((values, place)))
    }

    async fn first<E: Entity, A: Annotations>(
        &self,
        cursor: &Cursor<'_>,
    ) -> Result<(Vec<A::Row<L::Value>>, Fetch)>
    where
        L: Loads<E>,
    {
        let mut nodes = nodes::<E, L>(&self.loads);
        let connection = cursor.connection();
        // Its text is part of that which declares the cursor.
        let root = sql::write_root(E::DEF, &self.select, &nodes, connection.scopes());
        root.sql.check()?;
        plan(&mut nodes, connection.scopes())?;
        self.how
            .check_streamed(connection, has_statements(&nodes))?;
        let fetch = cursor.declare(root, self.how.batch_size()).await?;
        Ok((self.fetch::<E, A>(cursor, &fetch).await?, fetch))
    }

    /// Reads a batch to its end, and then runs its loads.
    async fn fetch<E: Entity, A: Annotations>(
        &self,
        cursor: &Cursor<'_>,
        fetch: &Fetch,
    ) -> Result<Vec<A::Row<L::Value>>>
    where
        L: Loads<E>,
    {
        let connection = cursor.connection();
        let mut nodes = nodes::<E, L>(&self.loads);
        plan(&mut nodes, connection.scopes())?;
        let mut found = Found::<E, L, A>::default();
        let select = &fetch.select;
        connection
            .fetch(&fetch.statement, select, &[], &mut |row| {
                found.read(&self.loads, &nodes, select, row)
            })
            .await?;
        found
            .finish(&self.loads, &nodes, Default::default(), connection)
            .await
    }
}

impl How {
    fn batch_size(&self) -> u32 {
        self.batch_size.unwrap_or(1000)
    }

    /// Says what a stream does not do of it.
    fn check_streamed(&self, connection: &Connection<'_>, has_statements: bool) -> Result<()> {
        if !has_statements {
            return Ok(());
        }
        if self.snapshot {
            connection.begins_snapshot()?;
        }
        if self.pipelined.unwrap_or(connection.is_pipelined()) {
            connection
                .note("not pipelined: a stream loads for one batch of entities after the other");
        }
        Ok(())
    }
}
