//! Values that a query returns next to each entity.

use tokio_postgres::Row;

use crate::column::{Column, Source};
use crate::decode::{ComputedColumn, ValueType};
use crate::entity::Entity;
use crate::error::Result;
use crate::expr::Expr;
use crate::expression::IntoExpression;
use crate::predicate::Predicate;
use crate::value::Field;

/// A value that is computed for each row of a query, without its type.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Annotated {
    pub(crate) expr: Expr,
    pub(crate) value_type: ValueType,
}

impl Annotated {
    fn new<E: Entity, V: IntoExpression<E>>(value: V) -> Self {
        Self {
            expr: value.into_expression().expr(),
            value_type: ValueType::of::<V::Value>(),
        }
    }
}

/// What [`Query::annotate`](crate::Query::annotate) takes: an [`Expression`](crate::Expression), a column, a
/// [`Predicate`] as `bool`, or a tuple of up to eight of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of `{E}`",
    label = "expected an expression about `{E}`, such as the count of a relation, or a tuple of expressions",
    note = "related rows have one value for each `{E}` as an aggregate: `User::POSTS.count()`; to load them write `.with(User::POSTS)`",
    note = "SQL of your own says its type: `sql!(\"length($1)\", User::EMAIL).returns::<i32>()`"
)]
pub trait Annotate<E> {
    /// The types of the values, as a tuple.
    type Values: Annotations;

    #[doc(hidden)]
    fn into_annotated(self) -> Vec<Annotated>;
}

impl<E: Entity, T: Field, S: Source> Annotate<E> for Column<E, T, S> {
    type Values = (T,);

    fn into_annotated(self) -> Vec<Annotated> {
        vec![Annotated::new(self)]
    }
}

impl<E: Entity> Annotate<E> for Predicate<E> {
    type Values = (bool,);

    fn into_annotated(self) -> Vec<Annotated> {
        vec![Annotated::new(self)]
    }
}

/// The values that a query returns next to each entity: `()`, or a tuple of their types.
pub trait Annotations: Sized + Send + Sync + 'static {
    /// What a query returns for an entity: `V` alone if there are no values, and otherwise a tuple that begins with it,
    /// such as `(User, i64, bool)`.
    type Row<V: Send>: Send;
    /// What a statement returns that returns only the values: one value as it is, several as a tuple.
    type Alone: Send;

    #[doc(hidden)]
    fn alone(self) -> Self::Alone;

    #[doc(hidden)]
    fn read(row: &Row, columns: &[ComputedColumn]) -> Result<Self>;

    /// Puts entities and their values side by side.
    #[doc(hidden)]
    fn attach<V: Send>(entities: Vec<V>, values: Vec<Self>) -> Vec<Self::Row<V>>;
}

impl Annotations for () {
    type Row<V: Send> = V;
    type Alone = ();

    fn alone(self) {}

    fn read(_: &Row, _: &[ComputedColumn]) -> Result<()> {
        Ok(())
    }

    fn attach<V: Send>(entities: Vec<V>, _: Vec<()>) -> Vec<V> {
        entities
    }
}

macro_rules! alone {
    ($value:ident 0) => {
        type Alone = $value;

        fn alone(self) -> $value {
            self.0
        }
    };
    ($($value:ident $at:tt)+) => {
        type Alone = Self;

        fn alone(self) -> Self {
            self
        }
    };
}

macro_rules! tuples {
    ($($value:ident $annotation:ident $at:tt),+) => {
        impl<E: Entity, $($annotation: IntoExpression<E>),+> Annotate<E> for ($($annotation,)+) {
            type Values = ($($annotation::Value,)+);

            fn into_annotated(self) -> Vec<Annotated> {
                vec![$(Annotated::new(self.$at)),+]
            }
        }

        impl<$($value: Field),+> Annotations for ($($value,)+) {
            type Row<V: Send> = (V, $($value),+);

            alone!($($value $at)+);

            fn read(row: &Row, columns: &[ComputedColumn]) -> Result<Self> {
                Ok(($(columns[$at].get(row)?,)+))
            }

            fn attach<V: Send>(entities: Vec<V>, values: Vec<Self>) -> Vec<Self::Row<V>> {
                let pairs = entities.into_iter().zip(values);
                pairs.map(|(entity, values)| (entity, $(values.$at),+)).collect()
            }
        }
    };
}

tuples!(A X 0);
tuples!(A X 0, B Y 1);
tuples!(A X 0, B Y 1, C Z 2);
tuples!(A X 0, B Y 1, C Z 2, D W 3);
tuples!(A X 0, B Y 1, C Z 2, D W 3, F U 4);
tuples!(A X 0, B Y 1, C Z 2, D W 3, F U 4, G T 5);
tuples!(A X 0, B Y 1, C Z 2, D W 3, F U 4, G T 5, H S 6);
tuples!(A X 0, B Y 1, C Z 2, D W 3, F U 4, G T 5, H S 6, I R 7);

/// Of a query: it has no values next to its entities yet.
#[diagnostic::on_unimplemented(
    message = "this query returns values next to its entities already",
    label = "annotated twice",
    note = "annotate once, with a tuple: `.annotate((User::POSTS.count(), User::POSTS.max(Post::ID)))`"
)]
#[doc(hidden)]
pub trait NotAnnotated {}

impl NotAnnotated for () {}
