//! One level of a graph: rows that are inserted by one statement, and what is below each of them.

use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::db::Connection;
use crate::decode::{RowReader, raw};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::record::{Assemble, Record, RecordOf};
use crate::write::graph::slot::NewSlots;
use crate::write::new_rows::NewRows;
use crate::write::rows::NewRow;
use crate::write::statement::{Wanted, fetch};

/// Rows that are stored, and their primary keys as the server sent them.
#[doc(hidden)]
pub struct Stored<E> {
    pub(super) entities: Vec<E>,
    pub(super) keys: Vec<KeyBytes>,
}

/// A key as it goes over the wire. `None` if a part of it is NULL, or is not there.
pub(super) type KeyBytes = Option<Vec<u8>>;

/// The values in these columns of a row.
pub(super) fn key_bytes(row: &Row, columns: &[usize]) -> KeyBytes {
    let mut key = Vec::new();
    for &column in columns {
        let part = raw(row, column)?;
        key.extend_from_slice(&part.len().to_be_bytes());
        key.extend_from_slice(part);
    }
    Some(key)
}

/// Inserts rows by one statement. `check` sees each of them as it is stored, with its position.
pub(super) async fn store<E: Entity, N: NewRow<E>>(
    rows: Vec<N>,
    connection: &Connection<'_>,
    check: &mut (dyn FnMut(usize, &Row) -> Result<()> + Send),
) -> Result<Stored<E>> {
    let def = E::DEF;
    let given = rows.len();
    let mut stored = Stored {
        entities: Vec::with_capacity(given),
        keys: Vec::with_capacity(given),
    };
    let rows = NewRows::new::<E, N>(rows);
    if let Some(statement) = rows.sql(Wanted::Entities(def), connection.scopes()) {
        fetch(&statement, connection, &mut |row, _| {
            check(stored.entities.len(), row)?;
            stored.keys.push(key_bytes(row, def.key));
            stored
                .entities
                .push(E::decode(&RowReader::new(row, 0, def))?);
            Ok(())
        })
        .await?;
    }
    // What is below is matched by position. A trigger may have left a row out.
    if stored.entities.len() == given {
        Ok(stored)
    } else {
        Err(Error::NotFound { entity: def.name })
    }
}

/// What is inserted below a row of `E`.
#[doc(hidden)]
pub trait Below<E: Entity>: Sized + Send {
    /// The entity with it.
    type Record: Record<Entity = E>;

    fn is_empty(&self) -> bool;

    /// Inserts what is below rows that are stored, one element for each, and puts it on them.
    fn insert<'a>(
        below: Vec<Self>,
        stored: Stored<E>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Record>>>
    where
        Self: 'a;
}

/// Nothing is below it.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Alone;

impl<E: Entity> Below<E> for Alone {
    type Record = E;

    fn is_empty(&self) -> bool {
        true
    }

    fn insert<'a>(
        _: Vec<Self>,
        stored: Stored<E>,
        _: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<E>>>
    where
        Self: 'a,
    {
        ready(Ok(stored.entities)).boxed()
    }
}

/// Rows of relations are below it.
#[derive(Debug)]
#[doc(hidden)]
pub struct With<L>(pub(super) L);

impl<E, L> Below<E> for With<L>
where
    E: Entity + Assemble<L::States>,
    L: NewSlots<E>,
{
    type Record = RecordOf<E, L::States>;

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert<'a>(
        below: Vec<Self>,
        stored: Stored<E>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Record>>>
    where
        Self: 'a,
    {
        let related = below.into_iter().map(|With(related)| related).collect();
        // Boxed, so that the futures of nested levels do not contain each other.
        Box::pin(async move {
            let states = L::insert(related, &stored, connection).await?;
            let entities = stored.entities.into_iter().zip(states);
            Ok(entities
                .map(|(entity, states)| entity.assemble(states))
                .collect())
        })
    }
}

/// The outcome of two that were sent together. Once one has failed, the server refuses the other.
pub(super) fn both<A, B>(first: Result<A>, second: Result<B>) -> Result<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(refused), Err(error)) if is_refused(&refused) => Err(error),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn is_refused(error: &Error) -> bool {
    error
        .as_db_error()
        .is_some_and(|error| *error.code() == SqlState::IN_FAILED_SQL_TRANSACTION)
}
