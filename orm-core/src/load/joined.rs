//! Targets that come in the rows of their parents.

use tokio_postgres::Row;

use crate::decode::raw;
use crate::error::{Error, Result};
use crate::load::keys::Interner;
use crate::load::{Loads, Node, Rows};
use crate::shape::{Pairs, Shape};

/// The targets of a joined relation, each decoded once however many parents have it.
pub struct Joined<L: Loads> {
    rows: Rows<L>,
    pairs: Pairs,
    seen: Interner,
}

impl<L: Loads> Default for Joined<L> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            pairs: Pairs::new(),
            seen: Interner::default(),
        }
    }
}

impl<L: Loads> Joined<L> {
    pub(super) fn into_parts(self) -> (Rows<L>, Pairs) {
        (self.rows, self.pairs)
    }

    /// Reads the target of the parent at this position, if the row has one.
    pub(super) fn read<S: Shape>(
        &mut self,
        loads: &L,
        node: &Node<'_>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        let target = node.relation.target;
        let start = *at;
        *at += node.width();
        let key = || target.key.iter().map(|column| raw(row, start + column));
        if key().any(|part| part.is_none()) {
            return Ok(());
        }
        let mut joined_at = start + target.columns.len();
        if node.counts_targets() {
            if count(row, joined_at) > 1 {
                return Err(Error::TooMany {
                    of: node.relation.to_string(),
                });
            }
            joined_at += 1;
        }
        let known = if S::SHARED {
            self.seen.intern(key().flatten())
        } else {
            None
        };
        let position = match known {
            Some(position) => position,
            None => self.rows.read(loads, &node.slots, row, start, joined_at)?,
        };
        self.pairs.push((parent, position));
        Ok(())
    }
}

fn count(row: &Row, column: usize) -> i64 {
    row.try_get(column).unwrap_or_default()
}
