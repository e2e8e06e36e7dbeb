//! The slots of a query, one for each relation: skipped or filled with a load.

use std::future::Future;

use futures_util::future::{FutureExt, join, ready};
use tokio_postgres::Row;

use crate::db::Connection;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::node::Node;
use crate::relation::{IntoLoad, Relation};
use crate::state::Unloaded;

/// A slot whose relation is not loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skip;

/// All load slots of an entity. The derive makes one such type for each entity, with a parameter for each relation.
pub trait Loads: Clone + Send + Sync + 'static {
    /// The entity.
    type Entity: Entity;
    /// The entity with what is loaded, as `User<Loaded<Vec<Post>>, Unloaded>`.
    type Value: Send + Sync + 'static;
    /// The slots as a list.
    #[doc(hidden)]
    type Slots: Slots<Self::Entity>;

    #[doc(hidden)]
    fn slots(&self) -> &Self::Slots;

    /// Moves an entity and the contents of its relations together.
    #[doc(hidden)]
    fn assemble(
        entity: Self::Entity,
        relations: <Self::Slots as Slots<Self::Entity>>::Values,
    ) -> Self::Value;
}

/// Fills the slot of this relation in `L`, the load slots of the entity `E`, with the load `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{E}`",
    label = "expected a relation of `{E}`",
    note = "a relation of a related entity is loaded below its parent: `.with(User::POSTS.with(Post::TAGS))`"
)]
pub trait Put<E, L, S>: Relation {
    /// The slots with that one filled.
    type Output;

    #[doc(hidden)]
    fn put(loads: L, load: S) -> Self::Output;
}

/// The slots `L` of the entity `E` after [`with`](crate::Query::with)`(N)`.
#[doc(hidden)]
pub type Filled<E, L, N> = <<N as IntoLoad>::Relation as Put<E, L, <N as IntoLoad>::Load>>::Output;

/// A slot that is not filled yet.
#[diagnostic::on_unimplemented(
    message = "relation `{R}` is already loaded by this query",
    label = "this relation is loaded twice",
    note = "load it once, with everything that is needed below it: `.with(User::POSTS.with(Post::TAGS).with(Post::AUTHOR))`"
)]
#[doc(hidden)]
pub trait Vacant<R> {}

impl<R> Vacant<R> for Skip {}

/// One slot of the entity `E`.
#[doc(hidden)]
pub trait Slot<E: Entity>: Clone + Send + Sync + 'static {
    /// What the relation's field holds.
    type Value: Send + Sync + 'static;
    /// Targets that came with the parents' rows.
    type Joined: Default + Send;
    /// The values, one for each parent.
    type Values: Send;

    fn describe(&self) -> Option<Node<'_>>;

    /// Reads what a row has of this relation, from the column `at` on, for the parent of this position.
    fn read(
        &self,
        joined: &mut Self::Joined,
        node: Option<&Node<'_>>,
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()>;

    fn load<'a>(
        &'a self,
        parents: &'a [E],
        joined: Self::Joined,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
    ) -> impl Future<Output = Result<Self::Values>> + Send + 'a;

    /// The value of the next parent.
    fn next(values: &mut Self::Values) -> Self::Value;
}

impl<E: Entity> Slot<E> for Skip {
    type Value = Unloaded;
    type Joined = ();
    type Values = ();

    fn describe(&self) -> Option<Node<'_>> {
        None
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

    fn load<'a>(
        &'a self,
        _: &'a [E],
        (): (),
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
    ) -> impl Future<Output = Result<()>> + Send + 'a {
        ready(Ok(()))
    }

    fn next((): &mut ()) -> Unloaded {
        Unloaded
    }
}

/// A list of slots: `(first, (second, ()))`.
#[doc(hidden)]
pub trait Slots<E: Entity>: Send + Sync + 'static {
    /// One value of each slot.
    type Values;
    type Joined: Default + Send;
    type Columns: Send;

    fn describe<'q>(&'q self, nodes: &mut Vec<Option<Node<'q>>>);

    fn read(
        &self,
        joined: &mut Self::Joined,
        nodes: &[Option<Node<'_>>],
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()>;

    /// Loads all slots at once: their statements are pipelined on the connection.
    fn load<'a>(
        &'a self,
        parents: &'a [E],
        joined: Self::Joined,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
    ) -> impl Future<Output = Result<Self::Columns>> + Send + 'a;

    fn next(columns: &mut Self::Columns) -> Self::Values;
}

impl<E: Entity> Slots<E> for () {
    type Values = ();
    type Joined = ();
    type Columns = ();

    fn describe<'q>(&'q self, _: &mut Vec<Option<Node<'q>>>) {}

    fn read(
        &self,
        (): &mut (),
        _: &[Option<Node<'_>>],
        _: &Row,
        _: &mut usize,
        _: u32,
    ) -> Result<()> {
        Ok(())
    }

    fn load<'a>(
        &'a self,
        _: &'a [E],
        (): (),
        _: &'a [Option<Node<'a>>],
        _: &'a Connection<'a>,
    ) -> impl Future<Output = Result<()>> + Send + 'a {
        ready(Ok(()))
    }

    fn next((): &mut ()) {}
}

impl<E: Entity, First: Slot<E>, Rest: Slots<E>> Slots<E> for (First, Rest) {
    type Values = (First::Value, Rest::Values);
    type Joined = (First::Joined, Rest::Joined);
    type Columns = (First::Values, Rest::Columns);

    fn describe<'q>(&'q self, nodes: &mut Vec<Option<Node<'q>>>) {
        nodes.push(self.0.describe());
        self.1.describe(nodes);
    }

    fn read(
        &self,
        joined: &mut Self::Joined,
        nodes: &[Option<Node<'_>>],
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()> {
        let (node, rest) = split_first(nodes);
        self.0.read(&mut joined.0, node, row, at, parent)?;
        self.1.read(&mut joined.1, rest, row, at, parent)
    }

    fn load<'a>(
        &'a self,
        parents: &'a [E],
        joined: Self::Joined,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
    ) -> impl Future<Output = Result<Self::Columns>> + Send + 'a {
        let (node, rest) = split_first(nodes);
        // All are waited for, also if one fails: a result that is not read to its end would cost the connection.
        join(
            self.0.load(parents, joined.0, node, connection),
            self.1.load(parents, joined.1, rest, connection),
        )
        .map(|(first, rest)| Ok((first?, rest?)))
    }

    fn next(columns: &mut Self::Columns) -> Self::Values {
        (First::next(&mut columns.0), Rest::next(&mut columns.1))
    }
}

fn split_first<'n, 'q>(
    nodes: &'n [Option<Node<'q>>],
) -> (Option<&'n Node<'q>>, &'n [Option<Node<'q>>]) {
    match nodes.split_first() {
        Some((first, rest)) => (first.as_ref(), rest),
        None => (None, &[]),
    }
}
