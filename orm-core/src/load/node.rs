//! The tree of loads as data: what statements are written from.

use crate::relation::{RelationDef, RelationKind};
use crate::select::Select;

/// How a relation is loaded. The result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// One more statement with the keys of all parents.
    Selectin,
    /// In the statement of the parent.
    Joined,
}

impl Strategy {
    /// A join for what is at most one row, by the declarations of the entities. A `has_one` is looked up separately for
    /// each parent when it is joined, which is slow without an index, so without a declared one the join has to be asked
    /// for.
    fn default_for(relation: &RelationDef) -> Self {
        match relation.kind {
            RelationKind::BelongsTo => Self::Joined,
            RelationKind::HasOne if relation.target_is_unique() => Self::Joined,
            RelationKind::HasOne | RelationKind::HasMany | RelationKind::ManyToMany => {
                Self::Selectin
            }
        }
    }
}

/// A relation that is loaded, and below it a place for each relation of its target.
#[doc(hidden)]
#[derive(Debug)]
pub struct Node<'q> {
    pub(crate) relation: &'static RelationDef,
    pub(crate) select: &'q Select,
    pub(crate) slots: Vec<Option<Node<'q>>>,
    strategy: Strategy,
}

impl<'q> Node<'q> {
    pub(super) fn new(
        relation: &'static RelationDef,
        select: &'q Select,
        strategy: Option<Strategy>,
        slots: Vec<Option<Node<'q>>>,
    ) -> Self {
        Self {
            relation,
            select,
            slots,
            strategy: strategy.unwrap_or_else(|| Strategy::default_for(relation)),
        }
    }

    /// Whether the targets come with the rows of the parent.
    pub(crate) fn is_joined(&self) -> bool {
        self.strategy == Strategy::Joined
    }

    /// Whether a joined target is followed by the number of rows that the parent's key found. Only the target's primary
    /// key is trusted to find one row: a foreign key that is declared unique may not be so in the database, and a load
    /// never multiplies parents.
    pub(crate) fn counts_targets(&self) -> bool {
        let RelationDef {
            target,
            target_columns,
            ..
        } = self.relation;
        !target
            .key
            .iter()
            .all(|column| target_columns.contains(column))
    }

    /// How many columns a row has for this relation and what is joined below it.
    pub(super) fn width(&self) -> usize {
        self.relation.target.columns.len()
            + usize::from(self.counts_targets())
            + self.joined_slots().map(Node::width).sum::<usize>()
    }

    fn joined_slots(&self) -> impl Iterator<Item = &Node<'q>> {
        self.slots.iter().flatten().filter(|slot| slot.is_joined())
    }
}
