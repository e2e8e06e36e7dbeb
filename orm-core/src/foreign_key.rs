//! Foreign keys are checked against the keys that they refer to while the program compiles.

use crate::column::{Column, Stored};
use crate::entity::KeyParts;
use crate::shape::{OptionalShared, Shape, Shared};

/// A field that refers to a key of type `K`: one of the same type, or an `Option` of it.
#[diagnostic::on_unimplemented(
    message = "a foreign key of type `{Self}` cannot refer to a primary key of type `{K}`",
    label = "this foreign key is of type `{Self}`, the key that it refers to of type `{K}`",
    note = "make both the same type; the foreign key may be an `Option` of it"
)]
#[doc(hidden)]
pub trait References<K> {
    /// Whether the field can be NULL.
    type Nullness: Nullness;

    /// The value, unless it is NULL.
    fn part(&self) -> Option<&K>;
}

impl<K> References<K> for K {
    type Nullness = Required;

    fn part(&self) -> Option<&K> {
        Some(self)
    }
}

impl<K> References<K> for Option<K> {
    type Nullness = Null;

    fn part(&self) -> Option<&K> {
        self.as_ref()
    }
}

/// Whether a foreign key can be NULL, which decides what the relation holds.
pub trait Nullness {
    /// Whether this or another part can be NULL.
    type Or<N: Nullness>: Nullness;
    /// What a `belongs_to` holds.
    type Shape: Shape;
}

/// A foreign key that is never NULL.
#[derive(Debug, Clone, Copy)]
pub struct Required;

/// A foreign key that may be NULL.
#[derive(Debug, Clone, Copy)]
pub struct Null;

impl Nullness for Required {
    type Or<N: Nullness> = N;
    type Shape = Shared;
}

impl Nullness for Null {
    type Or<N: Nullness> = Null;
    type Shape = OptionalShared;
}

/// The fields of a foreign key, as a tuple, which refers to a key whose parts are the tuple `K`.
#[diagnostic::on_unimplemented(
    message = "the foreign key and the primary key that it refers to do not fit together",
    label = "the fields of the foreign key are `{Self}`, those of the primary key `{K}`",
    note = "name the fields of the foreign key in the order of the primary key: `foreign_key = (order_id, line)`"
)]
#[doc(hidden)]
pub trait ForeignKey<K> {
    /// What a `belongs_to` over these fields holds.
    type Shape: Shape;
    /// References to the fields.
    type Fields<'a>
    where
        Self: 'a;

    /// Adds the fields' values to a key.
    fn push<'a>(fields: Self::Fields<'a>, key: &mut KeyParts<'a>)
    where
        Self: 'a;
}

/// The columns of a foreign key, as a tuple, which refers to a key whose parts are the tuple `K`.
#[diagnostic::on_unimplemented(
    message = "the foreign key and the primary key that it refers to do not fit together",
    label = "the columns of the foreign key are `{Self}`, the parts of the primary key `{K}`",
    note = "name the fields of the foreign key in the order of the primary key: `foreign_key = (order_id, line)`"
)]
#[doc(hidden)]
pub trait ForeignKeyColumns<K> {}

/// Compiles only if the columns can refer to the key.
pub const fn check_foreign_key<K, C: ForeignKeyColumns<K> + Copy>(_: C) {}

macro_rules! tuples {
    ($(($($field:ident $by:ident: $key:ident),+) => $nullness:ty;)+) => {$(
        impl<$($field, $key),+> ForeignKey<($($key,)+)> for ($($field,)+)
        where
            $($field: References<$key>, $key: tokio_postgres::types::ToSql + Sync + 'static,)+
        {
            type Shape = <$nullness as Nullness>::Shape;
            type Fields<'a> = ($(&'a $field,)+) where Self: 'a;

            #[allow(non_snake_case)]
            fn push<'a>(($($field,)+): Self::Fields<'a>, key: &mut KeyParts<'a>)
            where
                Self: 'a,
            {
                $(key.push($field.part());)+
            }
        }

        impl<E, $($field, $by, $key),+> ForeignKeyColumns<($($key,)+)>
            for ($(Column<E, $field, Stored<$by>>,)+)
        where
            $($field: References<$key>,)+
        {
        }
    )+};
}

type NullnessOf<F, K> = <F as References<K>>::Nullness;

tuples! {
    (A W1: K1) => NullnessOf<A, K1>;
    (A W1: K1, B W2: K2) => <NullnessOf<A, K1> as Nullness>::Or<NullnessOf<B, K2>>;
    (A W1: K1, B W2: K2, C W3: K3) =>
        <<NullnessOf<A, K1> as Nullness>::Or<NullnessOf<B, K2>> as Nullness>::Or<NullnessOf<C, K3>>;
    (A W1: K1, B W2: K2, C W3: K3, D W4: K4) =>
        <<<NullnessOf<A, K1> as Nullness>::Or<NullnessOf<B, K2>> as Nullness>::Or<NullnessOf<C, K3>> as Nullness>
            ::Or<NullnessOf<D, K4>>;
}
