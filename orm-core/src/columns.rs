//! Several columns of one entity.

use crate::column::{Column, Stored};
use crate::entity::Entity;
use crate::load::{Deferred, DeferredColumn};

/// A column, `User::EMAIL`, or a tuple of columns of one entity, `(User::TENANT_ID, User::EMAIL)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column, or a tuple of columns of one entity",
    label = "expected `User::EMAIL`, or `(User::TENANT_ID, User::EMAIL)`",
    note = "in place of a relation, name the columns of its foreign key: for `User::POSTS` that is `Post::AUTHOR_ID`",
    note = "a constraint that is not over columns alone is known by its name: `error.violates_constraint(\"..\")`"
)]
pub trait Columns {
    /// The entity whose columns they are.
    type Entity: Entity;

    /// Their names in the database.
    #[doc(hidden)]
    fn names(self) -> Vec<&'static str>;
}

impl<E: Entity, T, W> Columns for Column<E, T, Stored<W>> {
    type Entity = E;

    fn names(self) -> Vec<&'static str> {
        vec![self.def().name]
    }
}

impl<D: DeferredColumn> Columns for Deferred<D> {
    type Entity = D::Owner;

    fn names(self) -> Vec<&'static str> {
        self.column().names()
    }
}

macro_rules! tuples {
    ($(($first:ident $(, $more:ident)+),)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$first: Columns, $($more: Columns<Entity = $first::Entity>),+> Columns for ($first, $($more),+) {
            type Entity = $first::Entity;

            #[allow(non_snake_case)]
            fn names(self) -> Vec<&'static str> {
                let ($first, $($more),+) = self;
                [$first.names(), $($more.names()),+].concat()
            }
        }
    )+};
}

tuples! {
    (A, B),
    (A, B, C),
    (A, B, C, D),
    (A, B, C, D, F),
    (A, B, C, D, F, G),
    (A, B, C, D, F, G, H),
    (A, B, C, D, F, G, H, I),
}
