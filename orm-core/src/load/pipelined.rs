//! The whole tree in one round trip: each statement finds its parents by itself, so that none waits for another's result.

use futures_util::future::join_all;
use tokio_postgres::Row;

use crate::db::Connection;
use crate::error::{Error, Result};
use crate::load::keys::{Interned, Interner, Key, Keys, ParentKeys};
use crate::load::node::Prepared;
use crate::load::parents::Parents;
use crate::load::selectin::{Matched, Targets, unmatched};
use crate::load::{Loads, Node, RelationNode, Rows};
use crate::relation::Relation;
use crate::scope::Scopes;
use crate::shape::{Pairs, Shape};
use crate::sql::{self, Children, KeyFrom, KeySource, Origin, Planned};

/// The statements of all loads below a query, in the order in which they are sent.
pub(crate) fn statements(
    origin: &Origin<'_>,
    nodes: &[Option<Node<'_>>],
    scopes: &Scopes,
) -> Vec<Planned<Children>> {
    let mut statements = Vec::new();
    collect(origin, nodes, scopes, &mut statements);
    statements
}

fn collect(
    origin: &Origin<'_>,
    nodes: &[Option<Node<'_>>],
    scopes: &Scopes,
    statements: &mut Vec<Planned<Children>>,
) {
    for node in nodes.iter().flatten().filter_map(Node::relation) {
        if !node.is_joined() {
            statements.push(sql::children(node, KeyFrom::Query(origin), scopes));
        }
        let below = Origin::Below {
            node,
            parents: origin,
        };
        collect(&below, &node.slots, scopes, statements);
    }
}

/// Prepares the statements of all loads, at once, and leaves each at its node.
pub(crate) async fn prepare(
    statements: Vec<Planned<Children>>,
    nodes: &mut [Option<Node<'_>>],
    connection: &Connection<'_>,
) -> Result<()> {
    let prepared = join_all(
        statements
            .iter()
            .map(|children| connection.prepare(&children.select.sql)),
    )
    .await;
    let mut prepared = prepared.into_iter().zip(statements);
    hand_out(nodes, &mut |node| {
        if let Some((statement, children)) = prepared.next() {
            node.ahead = Some(Box::new(Prepared {
                statement: statement?,
                children,
            }));
        }
        Ok(())
    })
}

fn hand_out(
    nodes: &mut [Option<Node<'_>>],
    each: &mut dyn FnMut(&mut RelationNode<'_>) -> Result<()>,
) -> Result<()> {
    for node in nodes.iter_mut().flatten() {
        if let Node::Relation(node) = node {
            if !node.is_joined() {
                each(node)?;
            }
            hand_out(&mut node.slots, each)?;
        }
    }
    Ok(())
}

/// What was fetched for a relation, and for all below it, before its parents were known.
pub struct Ahead<R: Relation, L: Loads<R::Target>> {
    pub(super) fetched: Option<Fetched<R, L>>,
    pub(super) below: L::Ahead,
}

impl<R: Relation, L: Loads<R::Target>> Default for Ahead<R, L> {
    fn default() -> Self {
        Self {
            fetched: None,
            below: Default::default(),
        }
    }
}

/// The targets of a relation, by the keys of parents that are not known yet.
pub(super) struct Fetched<R: Relation, L: Loads<R::Target>> {
    rows: Rows<R::Target, L>,
    keys: Keys,
    /// Numbers of keys, and the targets that belong to them.
    pairs: Pairs,
    /// The rows instead, if they are to be decoded for each of several parents with the same key.
    kept: Vec<Row>,
}

/// Sends the statement that is prepared for a relation, and reads its result.
pub(super) async fn fetch<R, L>(
    loads: &L,
    node: &RelationNode<'_>,
    prepared: &Prepared,
    connection: &Connection<'_>,
) -> Result<Fetched<R, L>>
where
    R: Relation,
    L: Loads<R::Target>,
{
    let Prepared {
        statement,
        children,
    } = prepared;
    let mut targets = Targets::<R, L>::default();
    let mut pairs = Pairs::new();
    let mut keys = Interner::default();
    let mut kept = Vec::new();
    let keeps = node.repeats_parents && !R::Shape::SHARED;
    connection
        .fetch(
            statement,
            &children.select,
            &children.parameters,
            &mut |row: &Row| {
                if keeps {
                    kept.push(row.clone());
                    return Ok(());
                }
                let key = match &children.key_source {
                    KeySource::Parts(columns) => keys.intern(Key::in_row(row, 0, columns)),
                    KeySource::Number(_) => None,
                };
                let Some(Interned::Known(key) | Interned::New(key)) = key else {
                    return Err(unmatched(node));
                };
                pairs.push((key, targets.read(loads, node, children, row)?));
                Ok(())
            },
        )
        .await?;
    Ok(Fetched {
        rows: targets.rows,
        keys: keys.into_keys(),
        pairs,
        kept,
    })
}

impl<R: Relation, L: Loads<R::Target>> Fetched<R, L> {
    /// Finds the parents of the targets.
    pub(super) fn match_to(
        self,
        parents: Parents<'_, R::Parent>,
        loads: &L,
        node: &RelationNode<'_>,
    ) -> Result<(Rows<R::Target, L>, Pairs)> {
        let Self {
            rows,
            keys,
            pairs,
            kept,
        } = self;
        let parents = parents.row_keys(R::DEF.parent_columns).unwrap_or_default();
        if let (false, Some(prepared)) = (kept.is_empty(), &node.ahead) {
            let children = &prepared.children;
            let mut matched = Matched::<R, L>::new(loads, node, children, &parents);
            for row in &kept {
                matched.read(row)?;
            }
            return Ok(matched.into_parts());
        }
        let pairs = matched(&keys, &pairs, &parents, R::Shape::SHARED, node)?;
        Ok((rows, pairs))
    }
}

/// Which targets belong to which of the parents, where it is known to which keys they belong.
fn matched(
    keys: &Keys,
    pairs: &Pairs,
    parents: &ParentKeys,
    shared: bool,
    node: &RelationNode<'_>,
) -> Result<Pairs> {
    let known: Vec<Option<u32>> = (0..keys.len())
        .map(|key| parents.keys().find_same(keys, key as u32))
        .collect();
    let mut matched = Pairs::with_capacity(pairs.len());
    for &(key, target) in pairs {
        let key = known[key as usize].ok_or_else(|| unmatched(node))?;
        let mut parents = parents.parents(key).map(|parent| (parent, target));
        if shared {
            matched.extend(parents);
            continue;
        }
        matched.extend(parents.next());
        if parents.next().is_some() {
            // Only a view can have two rows with the same declared primary key; an owned target cannot be theirs both.
            return Err(Error::TooMany {
                of: format!("{} with the same primary key", node.relation.parent.name),
            });
        }
    }
    Ok(matched)
}
