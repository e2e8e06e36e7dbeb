//! The tree of loads as data: what statements are written from.

use tokio_postgres::Statement;

use crate::entity::ColumnDef;
use crate::error::Result;
use crate::relation::{RelationDef, RelationKind};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::{self, Children, KeyFrom, Planned};

/// How a relation is loaded. The result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// One more statement for all parents.
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

/// What a filled slot asks for.
#[doc(hidden)]
#[derive(Debug)]
pub enum Node<'q> {
    /// Related rows.
    Relation(RelationNode<'q>),
    /// A column that is read only when it is asked for.
    Column(&'static ColumnDef),
}

/// A relation that is loaded, and below it a place for each slot of its target.
#[doc(hidden)]
#[derive(Debug)]
pub struct RelationNode<'q> {
    pub(crate) relation: &'static RelationDef,
    pub(crate) select: &'q Select,
    pub(crate) slots: Vec<Option<Node<'q>>>,
    strategy: Strategy,
    /// Set if the relation is followed to its end.
    pub(crate) recursion: Option<Recursion>,
    /// Whether a parent may be there more than once: a row in the trees of several roots.
    pub(super) repeats_parents: bool,
    /// The statement that fetches the targets when the parents are known.
    planned: Option<Planned<Children>>,
    /// The statement that fetches the targets without waiting for the parents.
    pub(super) ahead: Option<Box<Prepared>>,
}

/// How far a relation of an entity to itself is followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recursion {
    /// The most levels, if there is a limit.
    pub(crate) depth: Option<u32>,
}

/// A statement of a load, ready to be sent.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    pub(super) children: Planned<Children>,
}

impl<'q> Node<'q> {
    pub(crate) fn relation(&self) -> Option<&RelationNode<'q>> {
        match self {
            Self::Relation(node) => Some(node),
            Self::Column(_) => None,
        }
    }

    /// How many columns the parent's statement has for it.
    fn width(&self) -> usize {
        match self {
            Self::Column(_) => 1,
            Self::Relation(node) if node.is_joined() => node.width(),
            Self::Relation(_) => 0,
        }
    }
}

/// The relations among these nodes.
pub(crate) fn relations<'n, 'q>(
    nodes: &'n [Option<Node<'q>>],
) -> impl Iterator<Item = &'n RelationNode<'q>> {
    nodes.iter().flatten().filter_map(Node::relation)
}

/// Whether any relation among these nodes, or below them, is loaded by a statement of its own.
pub(crate) fn has_statements(nodes: &[Option<Node<'_>>]) -> bool {
    relations(nodes).any(|node| !node.is_joined() || has_statements(&node.slots))
}

/// Plans the statements of all loads that take their keys as parameters.
///
/// # Errors
///
/// [`Error::MissingScope`](crate::Error::MissingScope): it is found before anything is sent.
pub(crate) fn plan(nodes: &mut [Option<Node<'_>>], scopes: &Scopes) -> Result<()> {
    for node in nodes.iter_mut().flatten() {
        if let Node::Relation(node) = node {
            if !node.is_joined() {
                let planned = sql::children(node, KeyFrom::Parameters, scopes);
                planned.select.sql.check()?;
                node.planned = Some(planned);
            }
            plan(&mut node.slots, scopes)?;
        }
    }
    Ok(())
}

impl<'q> RelationNode<'q> {
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
            recursion: None,
            repeats_parents: false,
            planned: None,
            ahead: None,
        }
    }

    /// A relation of an entity to itself, followed to its end.
    pub(super) fn recursive(
        relation: &'static RelationDef,
        select: &'q Select,
        recursion: Recursion,
        mut slots: Vec<Option<Node<'q>>>,
    ) -> Self {
        if relation.kind == RelationKind::HasMany {
            repeat_parents(&mut slots);
        }
        Self {
            recursion: Some(recursion),
            ..Self::new(relation, select, Some(Strategy::Selectin), slots)
        }
    }

    /// The same relation, loaded by a statement of its own: there is no statement of the parents that it could join.
    pub(super) fn on_its_own(self) -> Self {
        Self {
            strategy: Strategy::Selectin,
            ..self
        }
    }

    /// The statement of a load of its own, once [`plan`] has made it.
    pub(super) fn planned(&self) -> &Planned<Children> {
        let planned = self.planned.as_ref();
        planned.expect("statements are planned before the first is sent")
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

    /// How many columns a row has for this relation and what comes with it.
    pub(super) fn width(&self) -> usize {
        self.relation.target.eager
            + usize::from(self.counts_targets())
            + self.slots.iter().flatten().map(Node::width).sum::<usize>()
    }
}

/// Says of all relations below rows that may be there more than once that their parents may be. What is shared is there
/// once, and so ends it.
fn repeat_parents(nodes: &mut [Option<Node<'_>>]) {
    for node in nodes.iter_mut().flatten() {
        if let Node::Relation(node) = node {
            node.repeats_parents = true;
            if matches!(
                node.relation.kind,
                RelationKind::HasMany | RelationKind::HasOne
            ) {
                repeat_parents(&mut node.slots);
            }
        }
    }
}
