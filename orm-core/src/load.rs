//! Loading relations.
//!
//! A query has one slot for each relation of its entity, and a filled slot has slots for the relations of its target: a
//! tree whose type says what the result will be. At run time the same tree as data ([`Node`]) is what statements are
//! written from.

mod chunks;
mod conditional;
mod deferred;
mod in_hand;
mod joined;
mod keys;
mod named;
mod node;
mod parents;
pub(crate) mod pipelined;
mod position;
mod recursive;
pub(crate) mod repeatable;
mod rows;
mod selectin;
mod slot;
mod tasks;

use std::fmt;
use std::marker::PhantomData;

use tokio_postgres::Row;

pub use conditional::If;
pub use deferred::{Deferred, DeferredColumn, LoadColumn};
pub use in_hand::{
    Below, Complete, InHand, IntoComplete, LoadOnto, LoadedState, NotYetLoaded, Restated,
};
pub(crate) use in_hand::{Given, Taken, forget, load_onto};
pub use named::{
    FirstBare, FirstWith, Named, NamedField, NamedSlot, RecursiveSlot, TargetOf, ValueOf, With,
    WithBare,
};
pub use node::{Node, RelationNode};
pub(crate) use node::{Recursion, Strategy, has_statements, plan, relations};
pub use position::{After, At, Here, List};
pub use recursive::{
    ChainThatEnds, Follow, Recursive, RecursiveShape, RowsInATree, ToItself, TreeOfMany,
};
pub(crate) use rows::Rows;
pub use slot::{Filled, Loads, Put, Skip, Slot, Slots, StateField, Vacant};
pub(crate) use tasks::Tasks;

use crate::db::{Connection, Executor};
use crate::entity::{Entity, KeyParts};
use crate::error::{Error, Result};
use crate::load::joined::Joined;
use crate::load::parents::Parents;
use crate::load::pipelined::Ahead;
use crate::load::slot::Brought;
use crate::order::OrderBy;
use crate::predicate::Filter;
use crate::relation::{IntoLoad, Relation, ThroughEntity, Unscoped};
use crate::scope::SoftDelete;
use crate::select::{Count, Scoped, Select};
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
    pub(crate) fn new(unscoped: Unscoped) -> Self {
        Self {
            select: Select::through(R::DEF, unscoped),
            strategy: None,
            loads: Default::default(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, L: Loads<R::Target>> Load<R, L> {
    pub(crate) fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    pub(crate) fn into_select(self) -> Select {
        self.select
    }

    /// Loads a relation of the target too.
    pub fn with<N>(self, nested: N) -> Load<R, Filled<R::Target, L, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, L, N::Load>,
        Filled<R::Target, L, N>: Loads<R::Target>,
    {
        self.map_loads(|loads| N::Field::put(loads, nested.into_load()))
    }

    /// See [`Rel::with_if`](crate::Rel::with_if).
    pub fn with_if<N>(self, condition: bool, nested: N) -> Load<R, FilledIf<R::Target, L, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, L, If<N::Load>>,
        FilledIf<R::Target, L, N>: Loads<R::Target>,
    {
        self.map_loads(|loads| N::Field::put(loads, If::new(condition, nested.into_load())))
    }

    fn map_loads<M>(self, map: impl FnOnce(L) -> M) -> Load<R, M> {
        Load {
            select: self.select,
            strategy: self.strategy,
            loads: map(self.loads),
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

    /// See [`Rel::unscoped`](crate::Rel::unscoped).
    pub fn unscoped(mut self) -> Self {
        self.select.lift();
        self
    }

    /// See [`Rel::with_deleted`](crate::Rel::with_deleted).
    pub fn with_deleted(mut self) -> Self
    where
        R::Target: SoftDelete,
    {
        self.select.lift_deleted();
        self
    }

    /// See [`Rel::unscoped_link`](crate::Rel::unscoped_link).
    pub fn unscoped_link(mut self) -> Self
    where
        R: ThroughEntity,
    {
        self.select.lift_link();
        self
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

    #[doc(hidden)]
    pub fn limit(self, _: u32) -> Self
    where
        R: LimitOverAllParents,
    {
        self
    }

    /// See [`Rel::limit_per_parent`](crate::Rel::limit_per_parent).
    pub fn limit_per_parent(mut self, limit: u32) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.per_parent.limit = Some(Count::of(i64::from(limit)));
        self
    }

    /// See [`Rel::offset_per_parent`](crate::Rel::offset_per_parent).
    pub fn offset_per_parent(mut self, offset: u64) -> Self
    where
        R::Shape: ToMany,
    {
        // No parent has as many, and the server can add any limit to it.
        const MOST: i64 = i64::MAX - u32::MAX as i64;
        let offset = i64::try_from(offset).map_or(MOST, |offset| offset.min(MOST));
        self.select.per_parent.offset = Some(Count::of(offset));
        self
    }

    /// See [`Rel::by_window`](crate::Rel::by_window).
    pub fn by_window(mut self) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.by_window = true;
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

/// Onto values in hand.
impl<R: Relation, L: Loads<R::Target>> Load<R, L> {
    /// See [`Rel::load`](crate::Rel::load).
    ///
    /// # Errors
    ///
    /// As [`Query::all`](crate::Query::all).
    pub fn load<'a, C, X>(self, values: C, on: &'a X) -> LoadOnto<'a, C, Self>
    where
        C: InHand,
        Self: Complete<C::Record>,
        X: Executor + ?Sized,
    {
        load_onto(values, self, on)
    }
}

impl<R, L> Slot<R::Parent> for Load<R, L>
where
    R: Relation,
    L: Loads<R::Target>,
{
    type Value = Loaded<<R::Shape as Shape>::Of<L::Value>>;
    type Joined = Joined<R::Target, L>;
    type Ahead = Ahead<R, L>;
    type Values = std::vec::IntoIter<<R::Shape as Shape>::Of<L::Value>>;

    fn describe(&self) -> Option<Node<'_>> {
        Some(Node::Relation(RelationNode::new(
            R::DEF,
            &self.select,
            self.strategy,
            nodes::<R::Target, L>(&self.loads),
        )))
    }

    fn read(
        &self,
        joined: &mut Self::Joined,
        node: Option<&Node<'_>>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        match node.and_then(Node::relation) {
            Some(node) if node.is_joined() => {
                joined.read::<R::Shape>(&self.loads, node, row, at, parent)
            }
            _ => Ok(()),
        }
    }

    fn fetch_ahead<'a>(
        &'a self,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        ahead: &'a mut Self::Ahead,
        tasks: &mut Tasks<'a>,
    ) {
        let node = filled(node);
        let Ahead { fetched, below } = ahead;
        if let Some(prepared) = &node.ahead {
            tasks.push(async move {
                let found =
                    pipelined::fetch::<R, L>(&self.loads, node, prepared, connection).await?;
                *fetched = Some(found);
                Ok(())
            });
        }
        self.loads
            .fetch_ahead(&node.slots, connection, below, tasks);
    }

    fn load<'a>(
        &'a self,
        parents: &Parents<'a, R::Parent>,
        brought: Brought<Self::Joined, Self::Ahead>,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        values: &'a mut Self::Values,
        tasks: &mut Tasks<'a>,
    ) {
        let node = filled(node);
        let parents = parents.clone();
        tasks.push(async move {
            let Brought { joined, ahead } = brought;
            let entities = parents.entities;
            let (rows, pairs) = if node.is_joined() {
                // Frees their keys.
                drop(parents);
                joined.into_parts()
            } else if let Some(fetched) = ahead.fetched {
                fetched.match_to(parents, &self.loads, node)?
            } else {
                selectin::fetch::<R, L>(parents, &self.loads, node, connection).await?
            };
            let targets = rows
                .finish(&self.loads, &node.slots, ahead.below, connection)
                .await?;
            let links = Links {
                relation: R::DEF,
                parents: entities.len(),
                pairs: &pairs,
                missing: &|parent| missing_target::<R>(&entities[parent]),
            };
            *values = R::Shape::distribute(targets.into_values(), &links)?.into_iter();
            Ok(())
        });
    }

    fn next(values: &mut Self::Values) -> Self::Value {
        Loaded::new(values.next().expect("there is a value for each parent"))
    }
}

/// A relation whose load can be limited over all parents: there is none.
#[diagnostic::on_unimplemented(
    message = "a load has no limit over all parents together",
    label = "this would leave some of the parents without what they have",
    note = "say how many of each parent are loaded: `.limit_per_parent(3)`"
)]
#[doc(hidden)]
pub trait LimitOverAllParents {}

/// The slots `L` of the entity `E` after [`with_if`](crate::Query::with_if).
#[doc(hidden)]
pub type FilledIf<E, L, N> =
    <<N as IntoLoad>::Field as Put<E, L, If<<N as IntoLoad>::Load>>>::Output;

fn filled<'n, 'q>(node: Option<&'n Node<'q>>) -> &'n RelationNode<'q> {
    node.and_then(Node::relation)
        .expect("the slot of a relation that is loaded has its node")
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

/// The tree of a query's loads as data. None is as good as one for each slot, of which none is filled.
pub(crate) fn nodes<E: Entity, L: Slots<E>>(loads: &L) -> Vec<Option<Node<'_>>> {
    let mut nodes = Vec::new();
    if L::IS_FILLED {
        loads.describe(&mut nodes);
    }
    nodes
}
