//! The slots of a query, one for each relation: skipped or filled with a load.

use tokio_postgres::Row;

use crate::db::Connection;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::node::Node;
use crate::load::parents::Parents;
use crate::load::position::List;
use crate::load::tasks::Tasks;
use crate::record::{Assemble, Record, RecordOf};
use crate::relation::IntoLoad;
use crate::state::Unloaded;

/// A slot whose relation is not loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skip;

/// All load slots of the entity `E`, as a list.
pub trait Loads<E: Entity>: Slots<E> + Clone {
    /// The entity with what is loaded, as `User<Loaded<Vec<Post>>, Unloaded>`.
    type Value: Record<Entity = E>;

    #[doc(hidden)]
    fn assemble(entity: E, states: Self::Values) -> Self::Value;
}

impl<E, S> Loads<E> for S
where
    E: Assemble<S::Values>,
    S: Slots<E> + Clone,
{
    type Value = RecordOf<E, S::Values>;

    fn assemble(entity: E, states: S::Values) -> Self::Value {
        entity.assemble(states)
    }
}

/// A field that has a state, and so a slot: a relation, or a deferred column.
#[doc(hidden)]
pub trait StateField {
    /// The entity that has the field.
    type Owner: Entity;
    /// The position of its state among those of the entity.
    type Position;
    /// Where a relation leads to; of a column the owner.
    type Target: Entity;
    /// The slot in which it is loaded, where the target's slots are these.
    type Slot<Below>;
}

/// Fills the slot of this field in `L`, the load slots of the entity `E`, with the load `S`.
///
/// The derive implements it for each field, with the entity: so the compiler says whose field it is not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{E}`",
    label = "expected a relation of `{E}`",
    note = "a relation of a related entity goes below its parent: `.with(User::POSTS.with(Post::TAGS))`"
)]
#[doc(hidden)]
pub trait Put<E, L, S>: StateField {
    /// The slots with that one filled.
    type Output;

    fn put(loads: L, load: S) -> Self::Output;
}

/// The slots `L` of the entity `E` after [`with`](crate::Query::with)`(N)`.
#[doc(hidden)]
pub type Filled<E, L, N> = <<N as IntoLoad>::Field as Put<E, L, <N as IntoLoad>::Load>>::Output;

/// A slot that is not filled yet.
#[diagnostic::on_unimplemented(
    message = "relation `{F}` is already loaded by this query",
    label = "this relation is loaded twice",
    note = "load it once, with everything that is needed below it: `.with(User::POSTS.with(Post::TAGS).with(Post::AUTHOR))`"
)]
#[doc(hidden)]
pub trait Vacant<F> {}

impl<F> Vacant<F> for Skip {}

/// What has been read of a slot before its parents were all there: in their rows, and by statements that were sent ahead.
#[derive(Default)]
pub struct Brought<Joined, Ahead> {
    pub(super) joined: Joined,
    pub(super) ahead: Ahead,
}

impl<FirstJoined, RestJoined, FirstAhead, RestAhead>
    Brought<(FirstJoined, RestJoined), (FirstAhead, RestAhead)>
{
    fn split(
        self,
    ) -> (
        Brought<FirstJoined, FirstAhead>,
        Brought<RestJoined, RestAhead>,
    ) {
        let Self { joined, ahead } = self;
        let first = Brought {
            joined: joined.0,
            ahead: ahead.0,
        };
        let rest = Brought {
            joined: joined.1,
            ahead: ahead.1,
        };
        (first, rest)
    }
}

/// One slot of the entity `E`.
#[doc(hidden)]
pub trait Slot<E: Entity>: Clone + Send + Sync + 'static {
    /// The state of the relation's field.
    type Value: Send + Sync + 'static;
    /// What came with the parents' rows.
    type Joined: Default + Send;
    /// What was fetched before the parents were known.
    type Ahead: Default + Send;
    /// The values, one for each parent.
    type Values: Default + Send;

    /// Whether there can be anything to load.
    const IS_FILLED: bool = true;

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

    /// Sends the statements that are prepared for this relation and all below it, and reads their results.
    fn fetch_ahead<'a>(
        &'a self,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        ahead: &'a mut Self::Ahead,
        tasks: &mut Tasks<'a>,
    );

    /// Loads what neither the parents' rows nor statements sent ahead have brought.
    fn load<'a>(
        &'a self,
        parents: &Parents<'a, E>,
        brought: Brought<Self::Joined, Self::Ahead>,
        node: Option<&'a Node<'a>>,
        connection: &'a Connection<'a>,
        values: &'a mut Self::Values,
        tasks: &mut Tasks<'a>,
    );

    /// The value of the next parent.
    fn next(values: &mut Self::Values) -> Self::Value;
}

impl<E: Entity> Slot<E> for Skip {
    type Value = Unloaded;
    type Joined = ();
    type Ahead = ();
    type Values = ();

    const IS_FILLED: bool = false;

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

    fn fetch_ahead<'a>(
        &'a self,
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
        (): &'a mut (),
        _: &mut Tasks<'a>,
    ) {
    }

    fn load<'a>(
        &'a self,
        _: &Parents<'a, E>,
        _: Brought<(), ()>,
        _: Option<&'a Node<'a>>,
        _: &'a Connection<'a>,
        (): &'a mut (),
        _: &mut Tasks<'a>,
    ) {
    }

    fn next((): &mut ()) -> Unloaded {
        Unloaded
    }
}

/// A list of slots: `(first, (second, ()))`.
#[doc(hidden)]
pub trait Slots<E: Entity>: Send + Sync + 'static {
    /// One value of each slot.
    type Values: List + Send + Sync + 'static;
    type Joined: Default + Send;
    type Ahead: Default + Send;
    type Columns: Default + Send;

    /// Whether there is anything to load.
    const IS_FILLED: bool;

    fn describe<'q>(&'q self, nodes: &mut Vec<Option<Node<'q>>>);

    fn read(
        &self,
        joined: &mut Self::Joined,
        nodes: &[Option<Node<'_>>],
        row: &Row,
        at: &mut usize,
        parent: u32,
    ) -> Result<()>;

    fn fetch_ahead<'a>(
        &'a self,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
        ahead: &'a mut Self::Ahead,
        tasks: &mut Tasks<'a>,
    );

    fn load<'a>(
        &'a self,
        parents: &Parents<'a, E>,
        brought: Brought<Self::Joined, Self::Ahead>,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
        columns: &'a mut Self::Columns,
        tasks: &mut Tasks<'a>,
    );

    fn next(columns: &mut Self::Columns) -> Self::Values;
}

impl<E: Entity> Slots<E> for () {
    type Values = ();
    type Joined = ();
    type Ahead = ();
    type Columns = ();

    const IS_FILLED: bool = false;

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

    fn fetch_ahead<'a>(
        &'a self,
        _: &'a [Option<Node<'a>>],
        _: &'a Connection<'a>,
        (): &'a mut (),
        _: &mut Tasks<'a>,
    ) {
    }

    fn load<'a>(
        &'a self,
        _: &Parents<'a, E>,
        _: Brought<(), ()>,
        _: &'a [Option<Node<'a>>],
        _: &'a Connection<'a>,
        (): &'a mut (),
        _: &mut Tasks<'a>,
    ) {
    }

    fn next((): &mut ()) {}
}

impl<E: Entity, First: Slot<E>, Rest: Slots<E>> Slots<E> for (First, Rest) {
    type Values = (First::Value, Rest::Values);
    type Joined = (First::Joined, Rest::Joined);
    type Ahead = (First::Ahead, Rest::Ahead);
    type Columns = (First::Values, Rest::Columns);

    const IS_FILLED: bool = First::IS_FILLED || Rest::IS_FILLED;

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

    fn fetch_ahead<'a>(
        &'a self,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
        ahead: &'a mut Self::Ahead,
        tasks: &mut Tasks<'a>,
    ) {
        let (node, rest) = split_first(nodes);
        self.0.fetch_ahead(node, connection, &mut ahead.0, tasks);
        self.1.fetch_ahead(rest, connection, &mut ahead.1, tasks);
    }

    fn load<'a>(
        &'a self,
        parents: &Parents<'a, E>,
        brought: Brought<Self::Joined, Self::Ahead>,
        nodes: &'a [Option<Node<'a>>],
        connection: &'a Connection<'a>,
        columns: &'a mut Self::Columns,
        tasks: &mut Tasks<'a>,
    ) {
        let (node, others) = split_first(nodes);
        let (first, rest) = brought.split();
        self.0
            .load(parents, first, node, connection, &mut columns.0, tasks);
        self.1
            .load(parents, rest, others, connection, &mut columns.1, tasks);
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
