//! Entities in any state of their relations.

use crate::bind::Bind;
use crate::entity::{Entity, KeyBinds};
use crate::load::List;

/// An entity in any state of its relations: `User`, `User<Loaded<Vec<Post>>>`.
///
/// `#[derive(Entity)]` implements it for all of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "a type with `#[derive(Entity)]`, in any state of its relations, is expected here"
)]
pub trait Record: Sized + Send + Sync + 'static {
    /// The entity with no relation loaded.
    type Entity: Entity;
    /// The states of its relations, as a list.
    #[doc(hidden)]
    type States: List + Send + Sync + 'static;

    /// Takes the states of the relations off.
    #[doc(hidden)]
    fn split(self) -> (Self::Entity, Self::States);

    /// The states of the relations.
    #[doc(hidden)]
    fn states(&self) -> <Self::States as List>::Refs<'_>;

    /// The primary key's values, bound.
    #[doc(hidden)]
    fn key_binds(&self) -> KeyBinds;

    /// The version of the row as which it was read, bound, if the entity has one.
    #[doc(hidden)]
    fn version_bind(&self) -> Option<Bind> {
        None
    }

    /// The entity with no relation loaded.
    fn into_bare(self) -> Self::Entity {
        self.split().0
    }
}

/// An entity with its relations in the states `States`.
#[doc(hidden)]
pub trait Assemble<States>: Entity {
    /// The entity with them, as `User<Loaded<Vec<Post>>, Unloaded>`.
    type Record: Record<Entity = Self, States = States>;

    fn assemble(self, states: States) -> Self::Record;
}

/// The entity `E` with its relations in the states `S`.
pub(crate) type RecordOf<E, S> = <E as Assemble<S>>::Record;
