//! The rows of one statement: entities, and what came with them.

use futures_util::future::{BoxFuture, Either, Ready, ready};
use tokio_postgres::Row;

use crate::db::Connection;
use crate::decode::RowReader;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::chunks::Chunks;
use crate::load::parents::{Parents, RowKeysBuilder};
use crate::load::slot::Brought;
use crate::load::tasks::Tasks;
use crate::load::{Loads, Node};

/// Entities as they arrived, their relations still unloaded, next to what came in the same rows.
pub(crate) struct Rows<E: Entity, L: Loads<E>> {
    entities: Chunks<E>,
    joined: L::Joined,
    keys: RowKeysBuilder,
}

impl<E: Entity, L: Loads<E>> Default for Rows<E, L> {
    fn default() -> Self {
        Self {
            entities: Chunks::default(),
            joined: Default::default(),
            keys: RowKeysBuilder::default(),
        }
    }
}

impl<E: Entity, L: Loads<E>> Rows<E, L> {
    /// Those of a query, which returns them as they are if there is nothing to load.
    pub(crate) fn of_query() -> Self {
        let mut rows = Self::default();
        if !L::IS_FILLED {
            rows.entities = Chunks::whole();
        }
        rows
    }

    /// The entity at a position.
    pub(super) fn entity(&self, position: u32) -> &E {
        &self.entities[position as usize]
    }

    /// Reads an entity from the column `at` on, and what came with it from the columns after it. Returns the entity's
    /// position.
    pub(crate) fn read(
        &mut self,
        loads: &L,
        nodes: &[Option<Node<'_>>],
        row: &Row,
        at: usize,
        joined_at: usize,
    ) -> Result<u32> {
        // A result of 2^32 rows does not fit into memory.
        let position = self.entities.len() as u32;
        self.entities
            .push(E::decode(&RowReader::new(row, at, E::DEF))?);
        self.keys.read(nodes, row, at);
        let mut at = joined_at;
        loads.read(&mut self.joined, nodes, row, &mut at, position)?;
        Ok(position)
    }

    /// Loads what neither these rows nor statements sent ahead have brought.
    pub(crate) fn finish<'a>(
        self,
        loads: &'a L,
        nodes: &'a [Option<Node<'a>>],
        ahead: L::Ahead,
        connection: &'a Connection<'a>,
    ) -> Finishing<'a, E, L> {
        let Self {
            entities,
            joined,
            keys,
        } = self;
        let mut columns = L::Columns::default();
        if !L::IS_FILLED {
            return Either::Left(ready(Ok(LoadedRows { entities, columns })));
        }
        // Boxed, so that the futures of nested loads do not contain each other.
        Either::Right(Box::pin(async move {
            let parents = Parents::of_rows(&entities, keys.finish());
            let brought = Brought { joined, ahead };
            let mut tasks = Tasks::default();
            loads.load(
                &parents,
                brought,
                nodes,
                connection,
                &mut columns,
                &mut tasks,
            );
            // Each load frees its own.
            drop(parents);
            tasks.finish().await?;
            Ok(LoadedRows { entities, columns })
        }))
    }
}

type Finishing<'a, E, L> =
    Either<Ready<Result<LoadedRows<E, L>>>, BoxFuture<'a, Result<LoadedRows<E, L>>>>;

/// Entities, and next to them what was loaded for each.
pub(crate) struct LoadedRows<E: Entity, L: Loads<E>> {
    entities: Chunks<E>,
    columns: L::Columns,
}

impl<E: Entity, L: Loads<E>> LoadedRows<E, L> {
    /// The entities with what was loaded. Each is put together when it is asked for, and so moved straight to its place.
    pub(crate) fn into_values(self) -> impl Iterator<Item = L::Value> {
        let Self {
            entities,
            mut columns,
        } = self;
        entities
            .into_iter()
            .map(move |entity| L::assemble(entity, L::next(&mut columns)))
    }

    /// [`into_values`](Self::into_values) as a list.
    pub(crate) fn into_vec(self) -> Vec<L::Value> {
        let Self {
            entities,
            mut columns,
        } = self;
        entities.map_into_vec(|entity| L::assemble(entity, L::next(&mut columns)))
    }
}
