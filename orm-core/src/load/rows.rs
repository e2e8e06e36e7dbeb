//! The rows of one statement: entities, and what was joined to them.

use futures_util::future::BoxFuture;
use tokio_postgres::Row;

use crate::db::Connection;
use crate::decode::RowReader;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::{Loads, Node, Slots};

type SlotsOf<L> = <L as Loads>::Slots;
type JoinedOf<L> = <SlotsOf<L> as Slots<<L as Loads>::Entity>>::Joined;

/// Entities as they arrived, their relations still unloaded, next to the targets that came in the same rows.
pub(crate) struct Rows<L: Loads> {
    entities: Vec<L::Entity>,
    joined: JoinedOf<L>,
}

impl<L: Loads> Default for Rows<L> {
    fn default() -> Self {
        Self {
            entities: Vec::new(),
            joined: Default::default(),
        }
    }
}

impl<L: Loads> Rows<L> {
    /// Reads an entity from the column `at` on, and what is joined to it from the columns after it. Returns the
    /// entity's position.
    pub(crate) fn read(
        &mut self,
        loads: &L,
        nodes: &[Option<Node<'_>>],
        row: &Row,
        at: usize,
        joined_at: usize,
    ) -> Result<u32> {
        let entity = L::Entity::decode(&RowReader::new(row, at, L::Entity::DEF))?;
        // A result of 2^32 rows does not fit into memory.
        let position = self.entities.len() as u32;
        self.entities.push(entity);
        let mut at = joined_at;
        loads
            .slots()
            .read(&mut self.joined, nodes, row, &mut at, position)?;
        Ok(position)
    }

    /// Loads what the statement has not brought, and puts everything together.
    pub(crate) fn finish<'a>(
        self,
        loads: &'a L,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<L::Value>>> {
        // Boxed, so that the futures of nested loads do not contain each other.
        Box::pin(async move {
            let Self { entities, joined } = self;
            let mut columns = loads
                .slots()
                .load(&entities, joined, nodes, connection)
                .await?;
            Ok(entities
                .into_iter()
                .map(|entity| L::assemble(entity, SlotsOf::<L>::next(&mut columns)))
                .collect())
        })
    }
}
