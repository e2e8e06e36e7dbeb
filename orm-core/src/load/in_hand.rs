//! Values that the program already has: loading relations onto them, and forgetting them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hashbrown::HashMap;

use crate::db::{Connection, Executor};
use crate::error::Result;
use crate::load::chunks::Chunks;
use crate::load::node::plan;
use crate::load::parents::Parents;
use crate::load::position::At;
use crate::load::slot::Brought;
use crate::load::tasks::Tasks;
use crate::load::{Load, Loads, Node, Slot};
use crate::record::{Assemble, Record, RecordOf};
use crate::relation::{IntoLoad, Relation};
use crate::state::{Loaded, MaybeLoaded, Unloaded};

/// Values that relations can be loaded onto: an entity in any state, a `Vec`, slice or `Option` of such, an `Arc`, or what
/// a loaded relation holds.
#[diagnostic::on_unimplemented(
    message = "relations cannot be loaded onto `{Self}`",
    label = "expected an entity, or a `Vec`, a slice or an `Option` of entities",
    note = "entities that are shared, or given by reference, are copied, and so have to be `Clone`",
    note = "what is below an unloaded relation is loaded together with it: `User::POSTS.with(Post::TAGS).load(users, &db)`"
)]
pub trait InHand: Sized {
    /// The entity, in its state.
    type Record: Record;
    /// The same values with their entities in another state.
    type With<T>;
    /// What is left when the entities are taken out.
    #[doc(hidden)]
    type Frame: Send + 'static;

    #[doc(hidden)]
    fn take(self, out: &mut Taken<Self::Record>) -> Self::Frame;

    #[doc(hidden)]
    fn put_back<T>(frame: Self::Frame, given: &mut Given<T>) -> Self::With<T>;
}

/// The entities that were taken out of values.
#[doc(hidden)]
pub struct Taken<R> {
    records: Vec<TakenRecord<R>>,
    /// The positions of those that are shared, by their addresses.
    shared: HashMap<usize, u32>,
}

enum TakenRecord<R> {
    Owned(R),
    Shared(Arc<R>, fn(Arc<R>) -> R),
}

impl<R> Default for Taken<R> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            shared: HashMap::new(),
        }
    }
}

impl<R> Taken<R> {
    fn owned(&mut self, record: R) -> u32 {
        self.records.push(TakenRecord::Owned(record));
        self.records.len() as u32 - 1
    }

    /// Takes a record that others may have too, once.
    fn shared(&mut self, record: Arc<R>) -> u32
    where
        R: Clone,
    {
        let position = self.records.len() as u32;
        let known = *self
            .shared
            .entry(Arc::as_ptr(&record).addr())
            .or_insert(position);
        if known == position {
            self.records
                .push(TakenRecord::Shared(record, Arc::unwrap_or_clone));
        }
        known
    }

    pub(crate) fn into_records(self) -> Vec<R> {
        self.records
            .into_iter()
            .map(|record| match record {
                TakenRecord::Owned(record) => record,
                TakenRecord::Shared(record, unwrap) => unwrap(record),
            })
            .collect()
    }
}

/// The entities in their new state, to be put where they were taken.
#[doc(hidden)]
pub struct Given<T>(Vec<GivenRecord<T>>);

enum GivenRecord<T> {
    Unused(T),
    Shared(Arc<T>),
    Moved,
}

impl<T> Given<T> {
    pub(crate) fn new(records: Vec<T>) -> Self {
        Self(records.into_iter().map(GivenRecord::Unused).collect())
    }

    fn owned(&mut self, position: u32) -> T {
        match std::mem::replace(&mut self.0[position as usize], GivenRecord::Moved) {
            GivenRecord::Unused(record) => record,
            GivenRecord::Shared(_) | GivenRecord::Moved => {
                unreachable!("an owned entity is in one place")
            }
        }
    }

    fn shared(&mut self, position: u32) -> Arc<T> {
        let place = &mut self.0[position as usize];
        let record = match std::mem::replace(place, GivenRecord::Moved) {
            GivenRecord::Unused(record) => Arc::new(record),
            GivenRecord::Shared(record) => record,
            GivenRecord::Moved => unreachable!("a shared entity is never moved out"),
        };
        *place = GivenRecord::Shared(Arc::clone(&record));
        record
    }
}

impl<R: Record> InHand for R {
    type Record = R;
    type With<T> = T;
    type Frame = u32;

    fn take(self, out: &mut Taken<R>) -> u32 {
        out.owned(self)
    }

    fn put_back<T>(frame: u32, given: &mut Given<T>) -> T {
        given.owned(frame)
    }
}

impl<C: InHand> InHand for Vec<C> {
    type Record = C::Record;
    type With<T> = Vec<C::With<T>>;
    type Frame = Vec<C::Frame>;

    fn take(self, out: &mut Taken<C::Record>) -> Self::Frame {
        self.into_iter().map(|value| value.take(out)).collect()
    }

    fn put_back<T>(frame: Self::Frame, given: &mut Given<T>) -> Self::With<T> {
        frame
            .into_iter()
            .map(|frame| C::put_back(frame, given))
            .collect()
    }
}

/// Onto copies.
impl<R: Record + Clone> InHand for &[R] {
    type Record = R;
    type With<T> = Vec<T>;
    type Frame = Vec<u32>;

    fn take(self, out: &mut Taken<R>) -> Vec<u32> {
        self.iter()
            .map(|record| out.owned(record.clone()))
            .collect()
    }

    fn put_back<T>(frame: Vec<u32>, given: &mut Given<T>) -> Vec<T> {
        Vec::<R>::put_back(frame, given)
    }
}

/// Onto copies.
impl<R: Record + Clone> InHand for &Vec<R> {
    type Record = R;
    type With<T> = Vec<T>;
    type Frame = Vec<u32>;

    fn take(self, out: &mut Taken<R>) -> Vec<u32> {
        self.as_slice().take(out)
    }

    fn put_back<T>(frame: Vec<u32>, given: &mut Given<T>) -> Vec<T> {
        Vec::<R>::put_back(frame, given)
    }
}

impl<C: InHand> InHand for Option<C> {
    type Record = C::Record;
    type With<T> = Option<C::With<T>>;
    type Frame = Option<C::Frame>;

    fn take(self, out: &mut Taken<C::Record>) -> Self::Frame {
        self.map(|value| value.take(out))
    }

    fn put_back<T>(frame: Self::Frame, given: &mut Given<T>) -> Self::With<T> {
        frame.map(|frame| C::put_back(frame, given))
    }
}

/// Those who share an entity share it afterwards. It is copied if others have it too who are not among the values.
impl<R: Record + Clone> InHand for Arc<R> {
    type Record = R;
    type With<T> = Arc<T>;
    type Frame = u32;

    fn take(self, out: &mut Taken<R>) -> u32 {
        out.shared(self)
    }

    fn put_back<T>(frame: u32, given: &mut Given<T>) -> Arc<T> {
        given.shared(frame)
    }
}

impl<C: InHand> InHand for Loaded<C> {
    type Record = C::Record;
    type With<T> = Loaded<C::With<T>>;
    type Frame = C::Frame;

    fn take(self, out: &mut Taken<C::Record>) -> C::Frame {
        self.into_inner().take(out)
    }

    fn put_back<T>(frame: C::Frame, given: &mut Given<T>) -> Self::With<T> {
        Loaded::new(C::put_back(frame, given))
    }
}

impl<C: InHand> InHand for MaybeLoaded<C> {
    type Record = C::Record;
    type With<T> = MaybeLoaded<C::With<T>>;
    type Frame = Option<C::Frame>;

    fn take(self, out: &mut Taken<C::Record>) -> Self::Frame {
        self.loaded().map(|content| content.take(out))
    }

    fn put_back<T>(frame: Self::Frame, given: &mut Given<T>) -> Self::With<T> {
        match frame {
            Some(frame) => MaybeLoaded::Yes(C::put_back(frame, given)),
            None => MaybeLoaded::No,
        }
    }
}

/// Completes entities `V` with what is loaded.
#[doc(hidden)]
pub trait Complete<V>: Sized + Send + 'static {
    /// The entity with it.
    type Output: Send;

    fn complete<'a>(
        self,
        records: Vec<V>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Output>>>;
}

/// A relation that can be loaded onto a value: it is not loaded there yet.
#[diagnostic::on_unimplemented(
    message = "relation `{F}` is already loaded on these values",
    label = "this relation is already loaded",
    note = "to load it anew, forget it first: `User::POSTS.load(User::POSTS.forget(users), &db)`",
    note = "to load what is below it: `User::POSTS.below(Post::TAGS).load(users, &db)`"
)]
#[doc(hidden)]
pub trait NotYetLoaded<F> {}

impl<F> NotYetLoaded<F> for Unloaded {}

type StateOf<V, F> = <<V as Record>::States as At<F>>::Item;

/// The entity `V` with its state at the position `P` replaced by `T`.
#[doc(hidden)]
pub type Restated<V, P, T> =
    RecordOf<<V as Record>::Entity, <<V as Record>::States as At<P>>::Replaced<T>>;

impl<V, R, L> Complete<V> for Load<R, L>
where
    R: Relation,
    L: Loads<R::Target>,
    V: Record<Entity = R::Parent>,
    V::States: At<R::Position>,
    StateOf<V, R::Position>: NotYetLoaded<R>,
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

/// Completes entities with what the slot of a relation loads.
pub(super) async fn complete<V, R, S>(
    slot: S,
    records: Vec<V>,
    connection: &Connection<'_>,
) -> Result<Vec<Restated<V, R::Position, S::Value>>>
where
    R: Relation,
    S: Slot<R::Parent>,
    V: Record<Entity = R::Parent>,
    V::States: At<R::Position>,
    R::Parent: Assemble<<V::States as At<R::Position>>::Replaced<S::Value>>,
{
    let (entities, states): (Vec<_>, Vec<_>) = records.into_iter().map(Record::split).unzip();
    let entities = Chunks::from(entities);
    // There is no statement of the parents that could be joined.
    let mut node = match slot.describe() {
        Some(Node::Relation(node)) => Some(Node::Relation(node.on_its_own())),
        node => node,
    };
    plan(std::slice::from_mut(&mut node), connection.scopes())?;
    let parents = Parents::in_hand(&entities);
    let mut values = S::Values::default();
    let mut tasks = Tasks::default();
    let brought = Brought::default();
    let node = node.as_ref();
    slot.load(&parents, brought, node, connection, &mut values, &mut tasks);
    tasks.finish().await?;
    Ok(entities
        .into_iter()
        .zip(states)
        .map(|(entity, states)| entity.assemble(states.replace(S::next(&mut values))))
        .collect())
}

/// The state of a relation that is loaded.
#[diagnostic::on_unimplemented(
    message = "relation `{R}` is not loaded on these values",
    label = "there is nothing here to load below `{R}`",
    note = "load it together with what is below it: `User::POSTS.with(Post::TAGS).load(users, &db)`"
)]
#[doc(hidden)]
pub trait LoadedState<R>: InHand {}

impl<R, C: InHand> LoadedState<R> for Loaded<C> {}

impl<R, C: InHand> LoadedState<R> for MaybeLoaded<C> {}

/// What is loaded below a relation that values in hand have already: `User::POSTS.below(Post::TAGS)`.
pub struct Below<R, N> {
    nested: N,
    marker: PhantomData<fn() -> R>,
}

impl<R, N: Clone> Clone for Below<R, N> {
    fn clone(&self) -> Self {
        Self {
            nested: self.nested.clone(),
            marker: PhantomData,
        }
    }
}

impl<R: Relation, N: fmt::Debug> fmt::Debug for Below<R, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Below")
            .field("relation", &R::DEF.to_string())
            .field("nested", &self.nested)
            .finish()
    }
}

impl<R: Relation, N> Below<R, N> {
    pub(crate) fn new(nested: N) -> Self {
        Self {
            nested,
            marker: PhantomData,
        }
    }

    /// Loads it.
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

/// What is loaded onto values in hand: a relation, one with options, or one [below](crate::Rel::below) another.
#[doc(hidden)]
pub trait IntoComplete {
    type Complete;

    fn into_complete(self) -> Self::Complete;
}

impl<N: IntoLoad> IntoComplete for N {
    type Complete = N::Load;

    fn into_complete(self) -> N::Load {
        self.into_load()
    }
}

impl<R: Relation, N> IntoComplete for Below<R, N> {
    type Complete = Self;

    fn into_complete(self) -> Self {
        self
    }
}

impl<V, R, N, S> Complete<V> for Below<R, N>
where
    R: Relation,
    V: Record<Entity = R::Parent>,
    V::States: At<R::Position, Item = S, Others: Send>,
    S: LoadedState<R> + Send,
    N: Complete<S::Record>,
    R::Parent: Assemble<<V::States as At<R::Position>>::Replaced<S::With<N::Output>>>,
{
    type Output = Restated<V, R::Position, S::With<N::Output>>;

    fn complete<'a>(
        self,
        records: Vec<V>,
        connection: &'a Connection<'a>,
    ) -> BoxFuture<'a, Result<Vec<Self::Output>>> {
        Box::pin(async move {
            let mut taken = Taken::default();
            let mut others = Vec::with_capacity(records.len());
            let mut frames = Vec::with_capacity(records.len());
            for record in records {
                let (entity, states) = record.split();
                let (state, rest) = states.take();
                others.push((entity, rest));
                frames.push(state.take(&mut taken));
            }
            let records = taken.into_records();
            let mut given = Given::new(self.nested.complete(records, connection).await?);
            Ok(others
                .into_iter()
                .zip(frames)
                .map(|((entity, rest), frame)| {
                    let state = S::put_back(frame, &mut given);
                    entity.assemble(V::States::put(rest, state))
                })
                .collect())
        })
    }
}

/// The future of a load onto values `C`. Not that of an `async fn`, for whose bounds the compiler repeats each message.
#[doc(hidden)]
pub type LoadOnto<'a, C, N> =
    BoxFuture<'a, Result<<C as InHand>::With<<N as Complete<<C as InHand>::Record>>::Output>>>;

/// Loads onto all entities of some values at once.
pub(crate) fn load_onto<'a, C, N, X>(values: C, load: N, on: &'a X) -> LoadOnto<'a, C, N>
where
    C: InHand,
    N: Complete<C::Record>,
    X: Executor + ?Sized,
{
    let mut taken = Taken::default();
    let frame = values.take(&mut taken);
    let records = taken.into_records();
    Box::pin(async move {
        let connection = on.acquire().connection().await?;
        let completed = load.complete(records, &connection).await?;
        Ok(C::put_back(frame, &mut Given::new(completed)))
    })
}

/// Takes a state off all entities of some values.
pub(crate) fn forget<C, P>(values: C) -> C::With<Restated<C::Record, P, Unloaded>>
where
    C: InHand,
    <C::Record as Record>::States: At<P>,
    <C::Record as Record>::Entity:
        Assemble<<<C::Record as Record>::States as At<P>>::Replaced<Unloaded>>,
{
    let mut taken = Taken::default();
    let frame = values.take(&mut taken);
    let records = taken.into_records().into_iter().map(|record| {
        let (entity, states) = record.split();
        entity.assemble(states.replace(Unloaded))
    });
    C::put_back(frame, &mut Given::new(records.collect()))
}
