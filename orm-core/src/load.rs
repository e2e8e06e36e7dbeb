//! Loading relations.
//!
//! A query has one slot for each relation of its entity, and a filled slot has slots for the relations of its target: a
//! tree whose type says what the result will be. At run time the same tree as data ([`Node`]) is what statements are
//! written from.

mod joined;
mod keys;
mod named;
mod node;
mod rows;
mod selectin;
mod slot;

use std::fmt;
use std::marker::PhantomData;

use tokio_postgres::Row;

pub use named::{Named, NamedRelation, TargetOf, With};
pub use node::Node;
pub(crate) use node::Strategy;
pub(crate) use rows::Rows;
pub use slot::{Filled, Loads, Put, Skip, Slot, Slots, Vacant};

use crate::db::Connection;
use crate::entity::{Entity, KeyParts};
use crate::error::{Error, Result};
use crate::load::joined::Joined;
use crate::order::OrderBy;
use crate::predicate::Filter;
use crate::relation::{IntoLoad, Relation, ThroughEntity};
use crate::select::{Scoped, Select};
use crate::shape::{Joinable, Links, Shape, ToMany};
use crate::state::Loaded;

/// A relation that a query loads, with its options: what `User::POSTS.selectin().with(Post::TAGS)` is.
///
/// `L` are the load slots of the relation's target.
pub struct Load<R, L> {
    select: Select,
    strategy: Option<Strategy>,
    loads: L,
    marker: PhantomData<fn() -> R>,
}

impl<R, L: Clone> Clone for Load<R, L> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            strategy: self.strategy,
            loads: self.loads.clone(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, L> fmt::Debug for Load<R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("relation", &R::DEF.to_string())
            .field("strategy", &self.strategy)
            .finish_non_exhaustive()
    }
}

impl<R: Relation> Load<R, <R::Target as Entity>::Loads> {
    pub(crate) fn new() -> Self {
        Self {
            select: Select::default(),
            strategy: None,
            loads: Default::default(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, L: Loads<Entity = R::Target>> Load<R, L> {
    pub(crate) fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Loads a relation of the target too.
    pub fn with<N>(self, nested: N) -> Load<R, Filled<R::Target, L, N>>
    where
        N: IntoLoad,
        N::Relation: Put<R::Target, L, N::Load>,
        Filled<R::Target, L, N>: Loads<Entity = R::Target>,
    {
        Load {
            select: self.select,
            strategy: self.strategy,
            loads: N::Relation::put(self.loads, nested.into_load()),
            marker: PhantomData,
        }
    }

    /// See [`Rel::selectin`](crate::Rel::selectin).
    pub fn selectin(self) -> Self {
        self.strategy(Strategy::Selectin)
    }

    /// See [`Rel::joined`](crate::Rel::joined).
    pub fn joined(self) -> Self
    where
        R::Shape: Joinable,
    {
        self.strategy(Strategy::Joined)
    }

    /// See [`Rel::filter`](crate::Rel::filter).
    pub fn filter(mut self, condition: impl Filter<R::Target>) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.filter(condition.into_expr());
        self
    }

    /// See [`Rel::order_by`](crate::Rel::order_by).
    pub fn order_by(mut self, order: impl OrderBy<R::Target>) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.order_by(order.into_term());
        self
    }

    /// See [`Rel::filter_link`](crate::Rel::filter_link).
    pub fn filter_link(mut self, condition: impl Filter<R::Link>) -> Self
    where
        R: ThroughEntity,
    {
        self.select
            .filters
            .push(Scoped::Link(condition.into_expr()));
        self
    }

    /// See [`Rel::order_by_link`](crate::Rel::order_by_link).
    pub fn order_by_link(mut self, order: impl OrderBy<R::Link>) -> Self
    where
        R: ThroughEntity,
    {
        self.select.order.push(Scoped::Link(order.into_term()));
        self
    }
}

impl<R, L> Slot<R::Parent> for Load<R, L>
where
    R: Relation,
    L: Loads<Entity = R::Target>,
{
    type Value = Loaded<<R::Shape as Shape>::Of<L::Value>>;
    type Joined = Joined<L>;
    type Values = std::vec::IntoIter<<R::Shape as Shape>::Of<L::Value>>;

    fn describe(&self) -> Option<Node<'_>> {
        Some(Node::new(
            R::DEF,
            &self.select,
            self.strategy,
            nodes(&self.loads),
        ))
    }

    fn read(
        &self,
        joined: &mut Joined<L>,
        node: Option<&Node<'_>>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        match node {
            Some(node) if node.is_joined() => {
                joined.read::<R::Shape>(&self.loads, node, row, at, parent)
            }
            _ => Ok(()),
        }
    }

    async fn load<'a>(
        &'a self,
        parents: &'a [R::Parent],
        joined: Joined<L>,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
    ) -> Result<Self::Values> {
        let node = node.expect("a filled slot has a node");
        let (rows, pairs) = if node.is_joined() {
            joined.into_parts()
        } else {
            selectin::fetch::<R, L>(parents, &self.loads, node, connection).await?
        };
        let targets = rows.finish(&self.loads, &node.slots, connection).await?;
        let links = Links {
            relation: R::DEF,
            parents: parents.len(),
            pairs: &pairs,
            missing: &|parent| missing_target::<R>(&parents[parent]),
        };
        Ok(R::Shape::distribute(targets, &links)?.into_iter())
    }

    fn next(values: &mut Self::Values) -> Self::Value {
        Loaded::new(values.next().expect("there is a value for each parent"))
    }
}

/// The error for a parent whose required target was not found.
fn missing_target<R: Relation>(parent: &R::Parent) -> Error {
    let mut key = KeyParts::default();
    R::key(parent, &mut key);
    Error::MissingTarget {
        relation: R::DEF.to_string(),
        key: key.to_string(),
    }
}

/// The tree of a query's loads as data.
pub(crate) fn nodes<L: Loads>(loads: &L) -> Vec<Option<Node<'_>>> {
    let mut nodes = Vec::new();
    loads.slots().describe(&mut nodes);
    nodes
}
