//! Patches: values of some columns, of which the program learns when it runs which ones.

#[cfg(feature = "serde")]
mod serialize;

use std::marker::PhantomData;

use crate::value::Value;
use crate::write::assign::{Assign, Assignments, SetColumn};

/// What becomes of a column: it is kept, or set.
///
/// For the fields of a `#[derive(Patch)]` over nullable columns: an `Option` alone would not tell "keep it" from
/// "set it to NULL".
///
/// ```
/// use unlazy::Change;
///
/// let kept: Change<Option<String>> = Change::Keep;
/// let removed: Change<Option<String>> = Change::Set(None);
/// assert_eq!(Change::default(), kept);
/// assert_eq!(Change::from(None), removed);
/// ```
///
/// With the feature `serde`, and `#[serde(default)]` on the field, what is missing is `Keep`, and `null` is `Set(None)`.
/// Without that attribute a missing field is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Change<T> {
    /// The column keeps its value.
    #[default]
    Keep,
    /// The column is set to this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the column keeps its value: `#[serde(skip_serializing_if = "Change::is_keep")]`.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What it is set to.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

/// Changes of some columns of the entity `E`, for [`Update::patch`](crate::Update::patch).
/// `#[derive(Patch)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a patch of `{E}`",
    label = "expected a struct with `#[derive(Patch)]` and `#[patch({E})]`"
)]
pub trait Patch<E> {
    #[doc(hidden)]
    fn changes(self, changes: &mut Changes<'_, E>);
}

/// What a patch sets.
#[doc(hidden)]
pub struct Changes<'a, E> {
    assignments: &'a mut Assignments,
    marker: PhantomData<fn() -> E>,
}

impl<'a, E> Changes<'a, E> {
    pub(super) fn new(assignments: &'a mut Assignments) -> Self {
        Self {
            assignments,
            marker: PhantomData,
        }
    }

    /// Sets a column, unless the patch keeps it.
    pub fn add<C: SetColumn<E>>(&mut self, column: C, field: impl PatchField<E, C::Value>) {
        if let Some(value) = field.into_change() {
            let column = column.column_def();
            self.assignments.set(column, value.into_assigned(column.ty));
        }
    }
}

/// The type of a patch's field for a column of type `T`:
///
/// | column | field | |
/// | --- | --- | --- |
/// | `T` | `T` | it is always set |
/// | | `Option<T>` | `None` keeps it |
/// | `Option<T>` | `Change<Option<T>>` | `Change::Keep` keeps it, `Change::Set(None)` sets it to NULL |
/// | | `Option<Option<T>>` | `None` keeps it, `Some(None)` sets it to NULL |
/// | any | `Change<T>` | |
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` does not say how a column of type `{T}` is changed",
    label = "expected `Change<{T}>` or `Option<{T}>`",
    note = "of a nullable column `None` alone could mean that it is kept or that it becomes NULL: `Change<Option<..>>` says which",
    note = "a field that is always set has the column's own type; for a type that is no `unlazy::Value` write `Change<..>`"
)]
#[doc(hidden)]
pub trait PatchField<E, T> {
    type Value: Assign<E, T>;

    fn into_change(self) -> Option<Self::Value>;
}

impl<E, V: Value> PatchField<E, V> for V {
    type Value = V;

    fn into_change(self) -> Option<V> {
        Some(self)
    }
}

impl<E, V: Value> PatchField<E, V> for Option<V> {
    type Value = V;

    fn into_change(self) -> Option<V> {
        self
    }
}

impl<E, V: Value> PatchField<E, Option<V>> for V {
    type Value = V;

    fn into_change(self) -> Option<V> {
        Some(self)
    }
}

impl<E, V: Value> PatchField<E, Option<V>> for Option<Option<V>> {
    type Value = Option<V>;

    fn into_change(self) -> Option<Option<V>> {
        self
    }
}

impl<E, T, A: Assign<E, T>> PatchField<E, T> for Change<A> {
    type Value = A;

    fn into_change(self) -> Option<A> {
        self.into_option()
    }
}
