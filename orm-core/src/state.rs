//! What a relation field holds: [`Unloaded`](struct@Unloaded) or [`Loaded`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index};

/// The state of a relation that the query did not load: nothing can be read from it.
///
/// This is the default of every relation's type parameter, so `User` alone is the user with no relation loaded.
/// The name is a value too, for entities that are made by hand: `User { id: 1, posts: Unloaded }`.
///
/// Reading it does not compile, and the compiler says how to load the relation. The parameter `R` is always `()`;
/// it exists so that rustc evaluates the bound that carries this message where the relation is read.
pub struct Unloaded<R = ()> {
    marker: PhantomData<fn() -> R>,
}

/// The only value of the type [`struct@Unloaded`].
#[allow(non_upper_case_globals)]
pub const Unloaded: Unloaded = Unloaded {
    marker: PhantomData,
};

/// The bound of every decoy on [`struct@Unloaded`], and of reading it by an index: it never holds, and its message is what the
/// user reads.
#[diagnostic::on_unimplemented(
    message = "this relation is not loaded",
    label = "the query did not load this relation, so there is nothing to read",
    note = "load it with the query; for a field `posts` of `User` that is `User::query().with(User::POSTS)`",
    note = "a function that needs it says so in its signature, as in `fn f(user: &loaded!(User {{ posts }}))`"
)]
#[doc(hidden)]
pub trait Readable<By = ()> {
    /// What would be read.
    type Content: ?Sized;
}

/// The bound is on the index: rustc looks for it last, and so comes to our message instead of "cannot index".
impl<R, I: Readable<R>> Index<I> for Unloaded<R> {
    type Output = I::Content;

    fn index(&self, _: I) -> &I::Content {
        unreachable!("no type is readable while unloaded")
    }
}

/// So that `for post in &user.posts` comes to our message.
impl<R: Readable> Iterator for &Unloaded<R> {
    type Item = Unloaded;

    fn next(&mut self) -> Option<Unloaded> {
        None
    }
}

/// See the impl for references.
impl<R: Readable> Iterator for Unloaded<R> {
    type Item = Unloaded;

    fn next(&mut self) -> Option<Unloaded> {
        None
    }
}

/// A method that a loaded relation has. On an unloaded one it exists only to explain itself; its return type must not
/// depend on the failing bound, or rustc reports a missing method instead of our message.
macro_rules! decoy {
    ($name:ident $(<$($generic:ident),+>)? ($($argument:ident),*) $(-> $returns:ty)?) => {
        #[doc(hidden)]
        pub fn $name $(<$($generic),+>)? (&self $(, _: $argument)*) $(-> $returns)?
        where
            R: Readable,
        {
            unreachable!("no type is readable while unloaded")
        }
    };
}

// One macro call for each, since rustc shows the whole call.
impl<R> Unloaded<R> {
    decoy!(and_then<F>(F) -> Option<Unloaded>);
    decoy!(as_deref() -> Option<&'static Unloaded>);
    decoy!(as_mut() -> Option<&'static Unloaded>);
    decoy!(as_ref() -> Option<&'static Unloaded>);
    decoy!(as_slice() -> &'static [Unloaded]);
    decoy!(clear());
    decoy!(contains<T>(T) -> bool);
    decoy!(drain<T>(T) -> std::slice::Iter<'static, Unloaded>);
    decoy!(expect<T>(T) -> &'static Unloaded);
    decoy!(extend<T>(T));
    decoy!(first() -> Option<&'static Unloaded>);
    decoy!(first_mut() -> Option<&'static Unloaded>);
    decoy!(get<I>(I) -> Option<&'static Unloaded>);
    decoy!(get_mut<I>(I) -> Option<&'static Unloaded>);
    decoy!(into_inner());
    decoy!(into_iter() -> std::slice::Iter<'static, Unloaded>);
    decoy!(is_empty() -> bool);
    decoy!(is_none() -> bool);
    decoy!(is_some() -> bool);
    decoy!(is_some_and<F>(F) -> bool);
    decoy!(iter() -> std::slice::Iter<'static, Unloaded>);
    decoy!(iter_mut() -> std::slice::Iter<'static, Unloaded>);
    decoy!(last() -> Option<&'static Unloaded>);
    decoy!(last_mut() -> Option<&'static Unloaded>);
    decoy!(len() -> usize);
    decoy!(map<F>(F) -> Option<Unloaded>);
    decoy!(map_or<T, F>(T, F) -> T);
    decoy!(ok_or<T>(T) -> Result<Unloaded, T>);
    decoy!(ok_or_else<F>(F) -> Option<Unloaded>);
    decoy!(pop() -> Option<Unloaded>);
    decoy!(push<T>(T));
    decoy!(remove<I>(I));
    decoy!(retain<F>(F));
    decoy!(sort_by<F>(F));
    decoy!(sort_by_key<F>(F));
    decoy!(take() -> Option<Unloaded>);
    decoy!(to_vec() -> Vec<Unloaded>);
    decoy!(unwrap() -> &'static Unloaded);
    decoy!(unwrap_or_default());
}

impl<R> Clone for Unloaded<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Unloaded<R> {}

impl<R> Default for Unloaded<R> {
    fn default() -> Self {
        Self {
            marker: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Unloaded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unloaded")
    }
}

impl<R> PartialEq for Unloaded<R> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<R> Eq for Unloaded<R> {}

impl<R> PartialOrd for Unloaded<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Unloaded<R> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl<R> std::hash::Hash for Unloaded<R> {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// A relation that the query loaded.
///
/// What is inside depends on the kind of the relation:
///
/// | kind | content |
/// | --- | --- |
/// | `has_many` | `Vec<T>` |
/// | `has_one` | `Option<T>` |
/// | `belongs_to`, required key | `Arc<T>` |
/// | `belongs_to`, nullable key | `Option<Arc<T>>` |
/// | `many_to_many` | `Vec<Arc<T>>` |
///
/// It dereferences to its content, iterates as its content does, and gives it up with [`into_inner`](Self::into_inner).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loaded<T>(T);

impl<T> Loaded<T> {
    /// Makes a loaded relation by hand, for tests and for entities that are built in the program.
    pub const fn new(content: T) -> Self {
        Self(content)
    }

    /// The content, owned.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Loaded<T> {
    fn from(content: T) -> Self {
        Self(content)
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Loaded<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Prints as its content: what is loaded is simply there.
impl<T: fmt::Debug> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: IntoIterator> IntoIterator for Loaded<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(self) -> T::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Loaded<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Loaded<T>
where
    &'a mut T: IntoIterator,
{
    type Item = <&'a mut T as IntoIterator>::Item;
    type IntoIter = <&'a mut T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A relation that the query loaded only if a condition held: what [`Query::with_if`](crate::Query::with_if) gives.
///
/// Whether it is loaded is known when the program runs, so it has to be matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaybeLoaded<T> {
    /// The condition did not hold.
    #[default]
    No,
    /// The condition held.
    Yes(T),
}

impl<T> MaybeLoaded<T> {
    /// The content, if it is loaded.
    pub fn loaded(self) -> Option<T> {
        match self {
            Self::No => None,
            Self::Yes(content) => Some(content),
        }
    }

    /// A reference to the content, if it is loaded.
    pub const fn as_ref(&self) -> MaybeLoaded<&T> {
        match self {
            Self::No => MaybeLoaded::No,
            Self::Yes(content) => MaybeLoaded::Yes(content),
        }
    }

    /// Whether it is loaded.
    pub const fn is_loaded(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "serde")]
pub use serialize::is_unloaded;
