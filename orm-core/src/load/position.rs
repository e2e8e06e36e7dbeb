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
pub trait At<P>: List + Sized {
    /// That element.
    type Item;
    /// The other elements.
    type Others;
    /// The list with another element there.
    type Replaced<T>;

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Self::Item
    where
        Self: 'a;

    /// Takes the element out.
    fn take(self) -> (Self::Item, Self::Others);

    /// Puts another one in its place.
    fn put<T>(others: Self::Others, item: T) -> Self::Replaced<T>;

    fn replace<T>(self, by: T) -> Self::Replaced<T> {
        Self::put(self.take().1, by)
    }
}

impl<Item, Rest: List> At<Here> for (Item, Rest) {
    type Item = Item;
    type Others = Rest;
    type Replaced<T> = (T, Rest);

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Item
    where
        Self: 'a,
    {
        refs.0
    }

    fn take(self) -> (Item, Rest) {
        self
    }

    fn put<T>(others: Rest, item: T) -> (T, Rest) {
        (item, others)
    }
}

impl<P, First, Rest: At<P>> At<After<P>> for (First, Rest) {
    type Item = Rest::Item;
    type Others = (First, Rest::Others);
    type Replaced<T> = (First, Rest::Replaced<T>);

    fn pick<'a>(refs: Self::Refs<'a>) -> &'a Rest::Item
    where
        Self: 'a,
    {
        Rest::pick(refs.1)
    }

    fn take(self) -> (Rest::Item, Self::Others) {
        let (item, others) = self.1.take();
        (item, (self.0, others))
    }

    fn put<T>((first, others): Self::Others, item: T) -> Self::Replaced<T> {
        (first, Rest::put(others, item))
    }
}
