//! Targets that come in the rows of their parents.

use tokio_postgres::Row;

use crate::decode::raw;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::load::keys::{Interned, Interner, Key};
use crate::load::{Loads, RelationNode, Rows};
use crate::shape::{Pairs, Shape};

/// The targets of a joined relation, each decoded once however many parents have it.
pub struct Joined<E: Entity, L: Loads<E>> {
    rows: Rows<E, L>,
    pairs: Pairs,
    seen: Interner,
}

impl<E: Entity, L: Loads<E>> Default for Joined<E, L> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            pairs: Pairs::new(),
            seen: Interner::default(),
        }
    }
}

impl<E: Entity, L: Loads<E>> Joined<E, L> {
    pub(super) fn into_parts(self) -> (Rows<E, L>, Pairs) {
        (self.rows, self.pairs)
    }

    /// Reads the target of the parent at this position, if the row has one.
    pub(super) fn read<S: Shape>(
        &mut self,
        loads: &L,
        node: &RelationNode<'_>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        let target = node.relation.target;
        let start = *at;
        *at += node.width();
        if target
            .key
            .iter()
            .any(|column| raw(row, start + column).is_none())
        {
            return Ok(());
        }
        let mut joined_at = start + target.eager;
        if node.counts_targets() {
            if count(row, joined_at) > 1 {
                return Err(Error::TooMany {
                    of: node.relation.to_string(),
                });
            }
            joined_at += 1;
        }
        let known = if S::SHARED {
            self.seen.intern(Key::in_row(row, start, target.key))
        } else {
            None
        };
        let position = match known {
            Some(Interned::Known(position)) => position,
            Some(Interned::New(_)) | None => {
                self.rows.read(loads, &node.slots, row, start, joined_at)?
            }
        };
        self.pairs.push((parent, position));
        Ok(())
    }
}

fn count(row: &Row, column: usize) -> i64 {
    row.try_get(column).unwrap_or_default()
}
