//! Relations found by their names, for the macro `loaded!`.

use crate::entity::Entity;
use crate::load::{Load, Put};
use crate::relation::Relation;

/// An entity that has a relation whose name has the hash `NAME`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of this name",
    label = "no relation of `{Self}` is called so",
    note = "`loaded!` takes the names of relation fields: `loaded!(User {{ posts {{ tags }}, profile }})`"
)]
#[doc(hidden)]
pub trait Named<const NAME: u64>: Entity {
    /// The relation.
    type Relation: Relation<Parent = Self>;
}

/// The relation of `E` whose name has the hash `NAME`.
pub type NamedRelation<E, const NAME: u64> = <E as Named<NAME>>::Relation;

/// The slots `L` of `E` with the relation of this name loaded, and below it what `Nested` says. `L` stands here once: the
/// types of an entity with many loaded relations would otherwise grow exponentially.
pub type With<E, L, const NAME: u64, Nested> =
    <NamedRelation<E, NAME> as Put<E, L, Load<NamedRelation<E, NAME>, Nested>>>::Output;

/// The target of the relation of this name.
pub type TargetOf<E, const NAME: u64> = <NamedRelation<E, NAME> as Relation>::Target;
