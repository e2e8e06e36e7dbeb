//! Relations of an entity to itself that are followed to their end: the trees below entities, and the rows above them.

mod ancestors;
mod descendants;
mod shape;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use shape::{ChainThatEnds, Follow, RecursiveShape, RowsInATree, ToItself, TreeOfMany};

use crate::db::{Connection, Executor};
use crate::entity::{Entity, KeyParts};
use crate::error::{Error, Result};
use crate::load::in_hand::{
    Complete, InHand, LoadOnto, NotYetLoaded, Restated, complete, load_onto,
};
use crate::load::keys::ParentKeys;
use crate::load::node::{Prepared, Recursion};
use crate::load::parents::Parents;
use crate::load::position::At;
use crate::load::slot::Brought;
use crate::load::tasks::Tasks;
use crate::load::{
    Filled, FilledIf, If, Loads, Node, Put, RelationNode, Rows, Slot, filled, nodes,
};
use crate::order::OrderBy;
use crate::predicate::Filter;
use crate::record::{Assemble, Record};
use crate::relation::{IntoLoad, Relation, Unscoped};
use crate::select::Select;
use crate::shape::ToMany;
use crate::sql::Children;
use crate::state::Loaded;

/// A relation of an entity to itself, followed to its end: what [`Rel::recursive`](crate::Rel::recursive) makes.
///
/// `L` are the load slots of each entity that is found.
pub struct Recursive<R, L> {
    select: Select,
    recursion: Recursion,
    loads: L,
    marker: PhantomData<fn() -> R>,
}

impl<R, L: Clone> Clone for Recursive<R, L> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            recursion: self.recursion,
            loads: self.loads.clone(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, L> fmt::Debug for Recursive<R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recursive")
            .field("relation", &R::DEF.to_string())
            .field("depth", &self.recursion.depth)
            .finish_non_exhaustive()
    }
}

impl<R: Relation> Recursive<R, <R::Target as Entity>::Loads> {
    pub(crate) fn new(unscoped: Unscoped) -> Self {
        Self {
            select: Select::through(R::DEF, unscoped),
            recursion: Recursion { depth: None },
            loads: Default::default(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, L: Loads<R::Target>> Recursive<R, L> {
    /// Goes at most so many levels: with 1, the rows that the relation itself leads to.
    ///
    /// A cycle in the data is an error only if it closes within these levels.
    pub fn depth(mut self, levels: u32) -> Self {
        self.recursion.depth = Some(levels);
        self
    }

    /// Loads a relation of every entity that is found, by one more statement for all of them.
    pub fn with<N>(self, nested: N) -> Recursive<R, Filled<R::Target, L, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, L, N::Load>,
        Filled<R::Target, L, N>: Loads<R::Target>,
    {
        self.map_loads(|loads| N::Field::put(loads, nested.into_load()))
    }

    /// See [`Rel::with_if`](crate::Rel::with_if).
    pub fn with_if<N>(self, condition: bool, nested: N) -> Recursive<R, FilledIf<R::Target, L, N>>
    where
        N: IntoLoad,
        N::Field: Put<R::Target, L, If<N::Load>>,
        FilledIf<R::Target, L, N>: Loads<R::Target>,
    {
        self.map_loads(|loads| N::Field::put(loads, If::new(condition, nested.into_load())))
    }

    fn map_loads<M>(self, map: impl FnOnce(L) -> M) -> Recursive<R, M> {
        Recursive {
            select: self.select,
            recursion: self.recursion,
            loads: map(self.loads),
            marker: PhantomData,
        }
    }

    /// Finds only entities that fulfil a condition. What is below one that does not is not found either.
    pub fn filter(mut self, condition: impl Filter<R::Target>) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.filter(condition.into_expr());
        self
    }

    /// The order among those that are directly below the same entity; then, and without it, it is by primary key.
    pub fn order_by(mut self, order: impl OrderBy<R::Target>) -> Self
    where
        R::Shape: ToMany,
    {
        self.select.order_by(order.into_term());
        self
    }

    /// Loads onto values that the program has: see [`Rel::load`](crate::Rel::load).
    ///
    /// # Errors
    ///
    /// [`Error::Cycle`], and as [`Query::all`](crate::Query::all).
    pub fn load<'a, C, X>(self, values: C, on: &'a X) -> LoadOnto<'a, C, Self>
    where
        C: InHand,
        Self: Complete<C::Record>,
        X: Executor + ?Sized,
    {
        load_onto(values, self, on)
    }
}

impl<R: Relation, L: Loads<R::Target>> IntoLoad for Recursive<R, L> {
    type Field = R;
    type Load = Self;

    fn into_load(self) -> Self {
        self
    }
}

impl<R, L> Slot<R::Parent> for Recursive<R, L>
where
    R: Relation,
    R::Shape: RecursiveShape,
    L: Loads<R::Target>,
{
    type Value = Loaded<<R::Shape as RecursiveShape>::All<L::Value>>;
    type Joined = ();
    type Ahead = Ahead<R, L>;
    type Values = std::vec::IntoIter<<R::Shape as RecursiveShape>::All<L::Value>>;

    fn describe(&self) -> Option<Node<'_>> {
        Some(Node::Relation(RelationNode::recursive(
            R::DEF,
            &self.select,
            self.recursion,
            nodes::<R::Target, L>(&self.loads),
        )))
    }

    fn read(
        &self,
        (): &mut (),
        _: Option<&Node<'_>>,
        _: &Row,
        _: &mut usize,
        _: u32,
    ) -> Result<()> {
        Ok(())
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
                let found = fetch_ahead::<R, L>(&self.loads, node, prepared, connection).await?;
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
        brought: Brought<(), Self::Ahead>,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        values: &'a mut Self::Values,
        tasks: &mut Tasks<'a>,
    ) {
        let node = filled(node);
        let parents = parents.clone();
        tasks.push(async move {
            let Ahead { fetched, below } = brought.ahead;
            let (found, keys) = match fetched {
                Some(fetched) => fetched.of(&parents, &self.loads, node)?,
                None => fetch::<R, L>(&parents, &self.loads, node, connection).await?,
            };
            let (rows, hung) = found.hang(node, &keys, parents.entities.len())?;
            // Frees their keys.
            drop((parents, keys));
            let targets = rows
                .finish(&self.loads, &node.slots, below, connection)
                .await?;
            *values = R::Shape::assemble(targets.into_vec(), &hung).into_iter();
            Ok(())
        });
    }

    fn next(values: &mut Self::Values) -> Self::Value {
        Loaded::new(values.next().expect("there is a value for each parent"))
    }
}

impl<V, R, L> Complete<V> for Recursive<R, L>
where
    R: Relation,
    R::Shape: RecursiveShape,
    L: Loads<R::Target>,
    V: Record<Entity = R::Parent>,
    V::States: At<R::Position>,
    <V::States as At<R::Position>>::Item: NotYetLoaded<R>,
    R::Parent: Assemble<<V::States as At<R::Position>>::Replaced<<Self as Slot<R::Parent>>::Value>>,
{
    type Output = Restated<V, R::Position, <Self as Slot<R::Parent>>::Value>;

    fn complete<'a>(
        self,
        records: Vec<V>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Output>>> {
        Box::pin(complete::<V, R, Self>(self, records, connection))
    }
}

/// How the rows of a recursive load hang together, by their keys: what is found out while they arrive.
pub trait Links: Default + Send {
    /// What hangs on each parent.
    type Hung: Send + Sync;

    /// Takes a row. `decode` reads the next target from it.
    fn take(&mut self, row: &FoundRow<'_>, decode: Decode<'_>) -> Result<()>;

    /// Hangs the targets on the parents.
    fn hang(self, known: &Known<'_>) -> Result<Self::Hung>;
}

type Decode<'a> = &'a mut dyn FnMut() -> Result<u32>;

/// A row of a recursive load.
pub struct FoundRow<'a> {
    row: &'a Row,
    node: &'a RelationNode<'a>,
    children: &'a Children,
    /// The keys of the parents, if they are known.
    parents: Option<&'a ParentKeys>,
}

/// What is known when all rows have arrived.
pub struct Known<'a> {
    node: &'a RelationNode<'a>,
    keys: &'a KnownKeys,
    /// The number of parents.
    parents: usize,
    /// The error for a target that is reached from itself.
    cycle: &'a dyn Fn(u32) -> Error,
}

/// The keys of the parents: those that the relation goes by, and their primary keys.
#[derive(Debug, Default)]
struct KnownKeys {
    relation: Arc<ParentKeys>,
    primary: Arc<ParentKeys>,
}

impl KnownKeys {
    /// Of parents that came from rows.
    fn of_rows<R: Relation>(parents: &Parents<'_, R::Parent>) -> Option<Self> {
        Some(Self {
            relation: parents.row_keys(R::DEF.parent_columns)?,
            primary: parents.row_keys(R::DEF.parent.key)?,
        })
    }

    /// Of any parents, with the types of the statement's parameters and of the columns that it returns.
    fn of<R: Relation>(
        parents: &Parents<'_, R::Parent>,
        parameters: &[Type],
        primary: &[Type],
    ) -> Result<Self> {
        match Self::of_rows::<R>(parents) {
            Some(keys) => Ok(keys),
            None => Ok(Self {
                relation: parents.encoded_keys::<R>(parameters)?,
                primary: parents.encoded_primary_keys::<R>(primary)?,
            }),
        }
    }
}

/// The targets of a recursive load, and how they hang together.
struct Found<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    rows: Rows<R::Target, L>,
    links: <R::Shape as RecursiveShape>::Links,
}

impl<R, L> Default for Found<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            links: Default::default(),
        }
    }
}

impl<R, L> Found<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    fn take(
        &mut self,
        loads: &L,
        node: &RelationNode<'_>,
        children: &Children,
        parents: Option<&ParentKeys>,
        row: &Row,
    ) -> Result<()> {
        let Self { rows, links } = self;
        let at = children.target_at;
        let joined_at = at + node.relation.target.eager;
        let found = FoundRow {
            row,
            node,
            children,
            parents,
        };
        links.take(&found, &mut || {
            rows.read(loads, &node.slots, row, at, joined_at)
        })
    }

    fn hang(
        self,
        node: &RelationNode<'_>,
        keys: &KnownKeys,
        parents: usize,
    ) -> Result<Hanging<R, L>> {
        let Self { rows, links } = self;
        let hung = links.hang(&Known {
            node,
            keys,
            parents,
            cycle: &|target| cycle::<R>(rows.entity(target)),
        })?;
        Ok((rows, hung))
    }
}

/// How the targets of the relation `R` hang on its parents.
type HungOf<R> = <<<R as Relation>::Shape as RecursiveShape>::Links as Links>::Hung;

/// The targets of the relation `R`, and how they hang on its parents.
type Hanging<R, L> = (Rows<<R as Relation>::Target, L>, HungOf<R>);

/// Fetches what is found from the parents. Sends nothing if no parent has a key.
async fn fetch<R, L>(
    parents: &Parents<'_, R::Parent>,
    loads: &L,
    node: &RelationNode<'_>,
    connection: &Connection<'_>,
) -> Result<(Found<R, L>, KnownKeys)>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    let mut found = Found::default();
    let no_levels = node
        .recursion
        .is_some_and(|recursion| recursion.depth == Some(0));
    if no_levels || !parents.any_has_key::<R>() {
        return Ok((found, KnownKeys::default()));
    }
    let children = node.planned();
    let statement = connection.prepare(&children.select.sql).await?;
    let types = statement.params().get(..children.keys).unwrap_or_default();
    let columns = statement
        .columns()
        .get(children.target_at..)
        .unwrap_or_default();
    let primary: Vec<Type> = R::DEF
        .target
        .key
        .iter()
        .filter_map(|&column| Some(columns.get(column)?.type_().clone()))
        .collect();
    let keys = KnownKeys::of::<R>(parents, types, &primary)?;
    let mut parameters = keys.relation.arrays(types);
    parameters.extend(children.parameters.iter().cloned());
    connection
        .fetch(
            &statement,
            &children.select,
            &parameters,
            &mut |row: &Row| found.take(loads, node, children, Some(&keys.relation), row),
        )
        .await?;
    Ok((found, keys))
}

/// What was fetched for a recursive load, and for all below it, before its parents were known.
pub struct Ahead<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    fetched: Option<Fetched<R, L>>,
    below: L::Ahead,
}

impl<R, L> Default for Ahead<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    fn default() -> Self {
        Self {
            fetched: None,
            below: Default::default(),
        }
    }
}

enum Fetched<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    Read(Found<R, L>),
    /// Rows that are read for each of several parents with the same key.
    Kept(Vec<Row>),
}

async fn fetch_ahead<R, L>(
    loads: &L,
    node: &RelationNode<'_>,
    prepared: &Prepared,
    connection: &Connection<'_>,
) -> Result<Fetched<R, L>>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    let Prepared {
        statement,
        children,
    } = prepared;
    let mut found = Found::default();
    let mut kept = Vec::new();
    connection
        .fetch(
            statement,
            &children.select,
            &children.parameters,
            &mut |row: &Row| {
                if node.repeats_parents {
                    kept.push(row.clone());
                    return Ok(());
                }
                found.take(loads, node, children, None, row)
            },
        )
        .await?;
    Ok(if node.repeats_parents {
        Fetched::Kept(kept)
    } else {
        Fetched::Read(found)
    })
}

impl<R, L> Fetched<R, L>
where
    R: Relation<Shape: RecursiveShape>,
    L: Loads<R::Target>,
{
    /// What was found for these parents.
    fn of(
        self,
        parents: &Parents<'_, R::Parent>,
        loads: &L,
        node: &RelationNode<'_>,
    ) -> Result<(Found<R, L>, KnownKeys)> {
        let keys = KnownKeys::of_rows::<R>(parents).unwrap_or_default();
        let (mut found, kept) = match self {
            Self::Read(found) => (found, Vec::new()),
            Self::Kept(kept) => (Found::default(), kept),
        };
        if let Some(prepared) = &node.ahead {
            let children = &prepared.children;
            let parents = Some(&*keys.relation);
            kept.iter()
                .try_for_each(|row| found.take(loads, node, children, parents, row))?;
        }
        Ok((found, keys))
    }
}

/// The error for an entity that is reached from itself.
fn cycle<R: Relation>(entity: &R::Target) -> Error {
    Error::Cycle {
        relation: R::DEF.to_string(),
        key: KeyParts::of(&entity.key_binds()).to_string(),
    }
}
