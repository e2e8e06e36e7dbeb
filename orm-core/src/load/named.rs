//! Relations found by their names, for the macro `loaded!`.

use crate::entity::Entity;
use crate::load::{If, Put, StateField};

/// An entity that has a relation, or a deferred column, whose name has the hash `NAME`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of this name",
    label = "no relation of `{Self}` is called so",
    note = "`loaded!` takes the names of relation fields: `loaded!(User {{ posts {{ tags }}, profile }})`"
)]
#[doc(hidden)]
pub trait Named<const NAME: u64>: Entity {
    /// The relation.
    type Field: StateField<Owner = Self>;
    /// Where the relation leads to.
    type Target: Entity;
    /// The slot in which it is loaded, and its target's slots are these.
    type Slot<Below>;
}

/// The relation of `E` whose name has the hash `NAME`.
pub type NamedField<E, const NAME: u64> = <E as Named<NAME>>::Field;

/// The slots `L` of `E` with the relation of this name loaded, and below it what `Nested` says. `L` stands here once: the
/// types of an entity with many loaded relations would otherwise grow exponentially.
pub type With<E, L, const NAME: u64, Nested> =
    <NamedField<E, NAME> as Put<E, L, <E as Named<NAME>>::Slot<Nested>>>::Output;

/// As [`With`], of a relation that is loaded only if a condition holds.
pub type WithIf<E, L, const NAME: u64, Nested> =
    <NamedField<E, NAME> as Put<E, L, If<<E as Named<NAME>>::Slot<Nested>>>>::Output;

/// The target of the relation of this name.
pub type TargetOf<E, const NAME: u64> = <E as Named<NAME>>::Target;
