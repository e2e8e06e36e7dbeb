//! What a relation field holds: [`Unloaded`] or [`Loaded`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

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

/// The only value of the type [`Unloaded`].
#[allow(non_upper_case_globals)]
pub const Unloaded: Unloaded = Unloaded {
    marker: PhantomData,
};

/// The bound of every decoy on [`Unloaded`]: it never holds, and its message is what the user reads.
#[diagnostic::on_unimplemented(
    message = "this relation is not loaded",
    label = "the query did not load this relation, so there is nothing to read",
    note = "load it with the query: `User::query().with(User::POSTS)` for the field `posts` of `User`",
    note = "a function that needs it says so in its signature: `fn f(user: &loaded!(User {{ posts }}))`"
)]
pub trait Readable {}

/// Methods that a loaded relation has. On an unloaded one they exist only to explain themselves; the return types
/// must not depend on the failing bound, or rustc reports a missing method instead of our message.
macro_rules! decoys {
    ($($name:ident $(($($argument:ident : $kind:ident),+))? -> $returns:ty),+ $(,)?) => {
        impl<R> Unloaded<R> {
            $(
                #[doc(hidden)]
                pub fn $name $(<$($kind),+>)? (&self $($(, $argument: $kind)+)?) -> $returns
                where
                    R: Readable,
                {
                    $($(let _ = $argument;)+)?
                    unreachable!("no type is readable while unloaded")
                }
            )+
        }
    };
}

decoys! {
    as_deref -> Option<&'static ()>,
    as_ref -> Option<&'static ()>,
    contains(item: T) -> bool,
    expect(message: M) -> &'static (),
    first -> Option<&'static ()>,
    get(index: I) -> Option<&'static ()>,
    into_inner -> (),
    into_iter -> std::slice::Iter<'static, ()>,
    is_empty -> bool,
    is_none -> bool,
    is_some -> bool,
    iter -> std::slice::Iter<'static, ()>,
    iter_mut -> std::slice::Iter<'static, ()>,
    last -> Option<&'static ()>,
    len -> usize,
    map(f: F) -> Option<()>,
    to_vec -> Vec<()>,
    unwrap -> &'static (),
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

/// A loaded relation serializes as its content; an unloaded one as `null`, never as an empty list.
#[cfg(feature = "serde")]
mod serialize {
    use serde::{Serialize, Serializer};

    use super::{Loaded, Unloaded};

    impl<T: Serialize> Serialize for Loaded<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(serializer)
        }
    }

    impl<R> Serialize for Unloaded<R> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }
}
