//! Aggregates: counts, sums and the like of the rows that a relation leads to.

use crate::entity::Entity;
use crate::expr::Expr;
use crate::expression::{Expression, IntoExpression};
use crate::load::{Load, Loads, Skip};
use crate::predicate::{Filter, Predicate};
use crate::relation::{Rel, Relation};
use crate::select::Select;
use crate::shape::ToMany;
use crate::value::{Field, PgType, Value};

/// A number, of which there are sums and averages.
///
/// Implement it for a newtype of one: `impl Number for Cents { type Sum = Cents; type Average = f64; }`.
#[diagnostic::on_unimplemented(
    message = "there is no sum or average of `{Self}`",
    label = "expected a column or an expression whose type is a number",
    note = "for a newtype of a number: `impl unlazy::Number for Cents {{ type Sum = Cents; type Average = f64; }}`"
)]
pub trait Number: Value {
    /// The type of a sum. The server says so if one does not fit.
    type Sum: Value;
    /// The type of an average.
    type Average: Value;
}

macro_rules! numbers {
    ($($number:ty => $sum:ty, $average:ty;)+) => {$(
        impl Number for $number {
            type Sum = $sum;
            type Average = $average;
        }
    )+};
}

numbers! {
    i16 => i64, f64;
    i32 => i64, f64;
    i64 => i64, f64;
    f32 => f32, f64;
    f64 => f64, f64;
}

#[cfg(feature = "decimal")]
numbers! { rust_decimal::Decimal => rust_decimal::Decimal, rust_decimal::Decimal; }

/// The type of `V`, a value of the entity `E`, without its `Option`.
pub(crate) type Base<E, V> = <<V as IntoExpression<E>>::Value as Field>::Base;

/// The type of a sum of `V`, a value of the entity `E`.
pub(crate) type Sum<E, V> = <Base<E, V> as Number>::Sum;

/// The type of an average of `V`, a value of the entity `E`.
pub(crate) type Average<E, V> = <Base<E, V> as Number>::Average;

/// A function of many rows: `sum(t1.visits)::int8`.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub(crate) function: &'static str,
    /// What is computed from: without it, the rows as such.
    pub(crate) operand: Option<Expr>,
    /// The type of the result, where the function itself has another: a sum of `int8` is `numeric`.
    pub(crate) cast: Option<PgType>,
    /// Whether the result depends on the order in which the rows are found: a sum of floating-point numbers does.
    pub(crate) is_rounded: bool,
}

impl Aggregate {
    pub(crate) fn count() -> Self {
        Self {
            function: "count",
            operand: None,
            cast: None,
            is_rounded: false,
        }
    }

    pub(crate) fn sum<E: Entity, V>(value: V) -> Self
    where
        V: IntoExpression<E>,
        Base<E, V>: Number,
    {
        Self::added::<E, V>("sum", value, Sum::<E, V>::TYPE)
    }

    pub(crate) fn avg<E: Entity, V>(value: V) -> Self
    where
        V: IntoExpression<E>,
        Base<E, V>: Number,
    {
        Self::added::<E, V>("avg", value, Average::<E, V>::TYPE)
    }

    pub(crate) fn min<E: Entity, V: IntoExpression<E>>(value: V) -> Self {
        Self::of("min", value)
    }

    pub(crate) fn max<E: Entity, V: IntoExpression<E>>(value: V) -> Self {
        Self::of("max", value)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.function == other.function
            && match (&self.operand, &other.operand) {
                (None, None) => true,
                (Some(a), Some(b)) => a.is_same(b),
                _ => false,
            }
    }

    fn added<E: Entity, V: IntoExpression<E>>(
        function: &'static str,
        value: V,
        cast: PgType,
    ) -> Self {
        Self {
            cast: Some(cast),
            is_rounded: Base::<E, V>::TYPE.is_float(),
            ..Self::of(function, value)
        }
    }

    fn of<E: Entity, V: IntoExpression<E>>(function: &'static str, value: V) -> Self {
        Self {
            function,
            operand: Some(value.into_expression().expr()),
            cast: None,
            is_rounded: false,
        }
    }
}

/// Aggregates of the related rows. Nothing is loaded by them: they are what conditions and orders compare.
///
/// For those of some of the rows only, filter the relation first: `User::POSTS.filter(Post::PUBLISHED.eq(true)).count()`.
impl<R: Relation> Rel<R> {
    /// How many related rows there are: `(SELECT count(*) FROM posts AS t1 WHERE t1.author_id = t0.id)`.
    ///
    /// The server counts for each parent by itself: with an index on the foreign key that costs about as much as reading
    /// the rows.
    ///
    /// Whether there are any at all is cheaper to ask with [`exists`](Self::exists) and [`any`](Self::any).
    pub fn count(self) -> Expression<R::Parent, i64>
    where
        R::Shape: ToMany,
    {
        aggregate::<R, _>(self.select(), Aggregate::count())
    }

    /// The sum of a number of each related row: `(SELECT sum(t1.total)::int8 FROM orders AS t1 WHERE ..)`. NULL if there
    /// are none, or if all are NULL; see [`unwrap_or`](crate::Column::unwrap_or).
    ///
    /// A sum of integers is an `i64`, one of other numbers is of their type.
    pub fn sum<V>(self, value: V) -> Expression<R::Parent, Option<Sum<R::Target, V>>>
    where
        R::Shape: ToMany,
        V: IntoExpression<R::Target>,
        Base<R::Target, V>: Number,
    {
        aggregate::<R, _>(self.select(), Aggregate::sum(value))
    }

    /// The average of a number of each related row: `(SELECT avg(t1.total)::float8 FROM orders AS t1 WHERE ..)`. NULL if
    /// there are none, or if all are NULL.
    ///
    /// It is an `f64`, or a `Decimal` for a `Decimal`.
    pub fn avg<V>(self, value: V) -> Expression<R::Parent, Option<Average<R::Target, V>>>
    where
        R::Shape: ToMany,
        V: IntoExpression<R::Target>,
        Base<R::Target, V>: Number,
    {
        aggregate::<R, _>(self.select(), Aggregate::avg(value))
    }

    /// The least value among the related rows: `(SELECT min(t1.id) FROM posts AS t1 WHERE ..)`. NULL if there are none.
    ///
    /// PostgreSQL has one for numbers, text, dates, enums and arrays, but not for `bool`, `uuid` and `jsonb`.
    pub fn min<V>(self, value: V) -> Expression<R::Parent, Option<Base<R::Target, V>>>
    where
        R::Shape: ToMany,
        V: IntoExpression<R::Target>,
    {
        aggregate::<R, _>(self.select(), Aggregate::min(value))
    }

    /// The greatest value among the related rows: `(SELECT max(t1.id) FROM posts AS t1 WHERE ..)`. NULL if there are
    /// none. See [`min`](Self::min).
    pub fn max<V>(self, value: V) -> Expression<R::Parent, Option<Base<R::Target, V>>>
    where
        R::Shape: ToMany,
        V: IntoExpression<R::Target>,
    {
        aggregate::<R, _>(self.select(), Aggregate::max(value))
    }
}

/// The load slots of a target of which nothing is loaded.
#[diagnostic::on_unimplemented(
    message = "an aggregate loads nothing, but relations are loaded below this one",
    label = "there is no place for what is loaded below",
    note = "leave out `.with(..)`; a condition on rows further below is `.filter(Post::TAGS.any(..))`"
)]
#[doc(hidden)]
pub trait NothingLoaded {}

impl NothingLoaded for () {}

impl<Rest: NothingLoaded> NothingLoaded for (Skip, Rest) {}

/// Conditions and aggregates over the related rows that a load would bring: its filters count, its order does not.
impl<R: Relation, L: Loads<R::Target>> Load<R, L> {
    /// At least one of these rows is there: `EXISTS (SELECT FROM posts .. AND published)`.
    pub fn exists(self) -> Predicate<R::Parent>
    where
        L: NothingLoaded,
    {
        Predicate::new(Expr::Exists(R::DEF, Box::new(self.into_select())))
    }

    /// At least one of these rows fulfils a condition. See [`Rel::any`].
    pub fn any(self, condition: impl Filter<R::Target>) -> Predicate<R::Parent>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
    {
        self.filter(condition).exists()
    }

    /// None of these rows fulfils a condition. See [`Rel::none`].
    pub fn none(self, condition: impl Filter<R::Target>) -> Predicate<R::Parent>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
    {
        self.any(condition).not()
    }

    /// How many of these rows there are. See [`Rel::count`].
    pub fn count(self) -> Expression<R::Parent, i64>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
    {
        aggregate::<R, _>(self.into_select(), Aggregate::count())
    }

    /// The sum of a number of each of these rows. See [`Rel::sum`].
    pub fn sum<V>(self, value: V) -> Expression<R::Parent, Option<Sum<R::Target, V>>>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
        V: IntoExpression<R::Target>,
        Base<R::Target, V>: Number,
    {
        aggregate::<R, _>(self.into_select(), Aggregate::sum(value))
    }

    /// The average of a number of each of these rows. See [`Rel::avg`].
    pub fn avg<V>(self, value: V) -> Expression<R::Parent, Option<Average<R::Target, V>>>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
        V: IntoExpression<R::Target>,
        Base<R::Target, V>: Number,
    {
        aggregate::<R, _>(self.into_select(), Aggregate::avg(value))
    }

    /// The least value among these rows. See [`Rel::min`].
    pub fn min<V>(self, value: V) -> Expression<R::Parent, Option<Base<R::Target, V>>>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
        V: IntoExpression<R::Target>,
    {
        aggregate::<R, _>(self.into_select(), Aggregate::min(value))
    }

    /// The greatest value among these rows. See [`Rel::max`].
    pub fn max<V>(self, value: V) -> Expression<R::Parent, Option<Base<R::Target, V>>>
    where
        R::Shape: ToMany,
        L: NothingLoaded,
        V: IntoExpression<R::Target>,
    {
        aggregate::<R, _>(self.into_select(), Aggregate::max(value))
    }
}

fn aggregate<R: Relation, T>(select: Select, aggregate: Aggregate) -> Expression<R::Parent, T> {
    Expression::computed(Expr::Aggregate(
        R::DEF,
        Box::new(select),
        Box::new(aggregate),
    ))
}
