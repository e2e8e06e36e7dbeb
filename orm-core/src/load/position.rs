//! Lists of types, `(A, (B, ()))`, and positions in them.
//!
//! The slots of a query and the states of an entity are such lists, one element for each relation. A relation knows its
//! position, so that filling a slot and replacing a state is written here once instead of generated for each relation.

use std::marker::PhantomData;

/// The first element of a list.
#[derive(Debug, Clone, Copy)]
pub struct Here;

/// One element further than `P`.
#[derive(Debug, Clone, Copy)]
pub struct After<P>(PhantomData<P>);

/// A list, and the list of references to its elements.
#[doc(hidden)]
pub trait List {
    type Refs<'a>
    where
        Self: 'a;
}

impl List for () {
    type Refs<'a> = ();
}

impl<First, Rest: List> List for (First, Rest) {
    type Refs<'a>
        = (&'a First, Rest::Refs<'a>)
    where
        Self: 'a;
}

/// A list that has an element at the position `P`.
#[doc(hidden)]
pub trait At<P>: List {
    /// That element.
    type Item;
    /// The list with another element there.
    type Replaced<T>;

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Self::Item
    where
        Self: 'a;

    fn replace<T>(self, by: T) -> (Self::Item, Self::Replaced<T>);
}

impl<Item, Rest: List> At<Here> for (Item, Rest) {
    type Item = Item;
    type Replaced<T> = (T, Rest);

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Item
    where
        Self: 'a,
    {
        refs.0
    }

    fn replace<T>(self, by: T) -> (Item, (T, Rest)) {
        (self.0, (by, self.1))
    }
}

impl<P, First, Rest: At<P>> At<After<P>> for (First, Rest) {
    type Item = Rest::Item;
    type Replaced<T> = (First, Rest::Replaced<T>);

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Rest::Item
    where
        Self: 'a,
    {
        Rest::pick(refs.1)
    }

    fn replace<T>(self, by: T) -> (Rest::Item, Self::Replaced<T>) {
        let (item, rest) = self.1.replace(by);
        (item, (self.0, rest))
    }
}
