//! Relations found by their names, for the macro `loaded!`.

use crate::entity::Entity;
use crate::load::{Loads, Put, Recursive, StateField};

/// An entity that has a relation, or a deferred column, whose name has the hash `NAME`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of this name",
    label = "no relation of `{Self}` is called so",
    note = "`loaded!` takes the names of relation fields: `loaded!(User {{ posts {{ tags }}, profile }})`"
)]
#[doc(hidden)]
pub trait Named<const NAME: u64>: Entity {
    /// The relation.
    type Field: StateField;
}

/// The relation of `E` whose name has the hash `NAME`.
pub type NamedField<E, const NAME: u64> = <E as Named<NAME>>::Field;

/// The slot of the relation of this name, and below it what `Below` says.
pub type NamedSlot<E, const NAME: u64, Below> = <NamedField<E, NAME> as StateField>::Slot<Below>;

/// The slot of the relation of this name, followed to its end.
pub type RecursiveSlot<E, const NAME: u64, Below> = Recursive<NamedField<E, NAME>, Below>;

/// The slots `L` of `E` with that of this name filled. `L` stands here once: the types of an entity with many loaded
/// relations would otherwise grow exponentially.
pub type With<E, L, const NAME: u64, Slot> = <NamedField<E, NAME> as Put<E, L, Slot>>::Output;

/// [`With`] for a relation below which nothing is loaded. This and the next aliases keep what `loaded!` writes short:
/// clippy counts it.
pub type WithBare<E, L, const NAME: u64> =
    With<E, L, NAME, NamedSlot<E, NAME, <TargetOf<E, NAME> as Entity>::Loads>>;

/// [`WithBare`] for the first relation.
pub type FirstBare<E, const NAME: u64> = WithBare<E, <E as Entity>::Loads, NAME>;

/// [`With`] for the first relation, with these slots of its target.
pub type FirstWith<E, const NAME: u64, Below> =
    With<E, <E as Entity>::Loads, NAME, NamedSlot<E, NAME, Below>>;

/// The entity `E` with what the slots `L` load.
pub type ValueOf<E, L> = <L as Loads<E>>::Value;

/// The target of the relation of this name.
pub type TargetOf<E, const NAME: u64> = <NamedField<E, NAME> as StateField>::Target;
