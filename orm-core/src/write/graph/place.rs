//! Where in its list a relation's rows are put.

use crate::load::{After, Here, Skip};

/// A list of what a new row is given for each relation, with a place for the relation `R` at the position `P`.
#[doc(hidden)]
pub trait Place<R, P> {
    /// The list with something there.
    type With<S>;

    fn with<S>(self, slot: S) -> Self::With<S>;
}

/// A place where nothing is yet.
#[diagnostic::on_unimplemented(
    message = "rows of `{R}` are given already",
    label = "this relation is given twice",
    note = "give all of its rows at once; to link what is there already next to new rows, `.add(..)` it afterwards"
)]
#[doc(hidden)]
pub trait NotGiven<R> {}

impl<R> NotGiven<R> for Skip {}

impl<R, First: NotGiven<R>, Rest> Place<R, Here> for (First, Rest) {
    type With<S> = (S, Rest);

    fn with<S>(self, slot: S) -> (S, Rest) {
        (slot, self.1)
    }
}

impl<R, P, First, Rest: Place<R, P>> Place<R, After<P>> for (First, Rest) {
    type With<S> = (First, Rest::With<S>);

    fn with<S>(self, slot: S) -> Self::With<S> {
        (self.0, self.1.with(slot))
    }
}

/// A relation of another entity comes here, of which it is said that it is one.
impl<R, P> Place<R, P> for () {
    type With<S> = ();

    fn with<S>(self, _: S) {}
}
