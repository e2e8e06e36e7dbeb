//! Arithmetic on columns and expressions: `User::VISITS + 1`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::aggregate::Number;
use crate::column::{Column, Operand, Source};
use crate::entity::Entity;
use crate::expr::Expr;
use crate::expression::Expression;
use crate::value::{Field, Text, Value};

/// What a number of the entity `E` is calculated with: a value of its type, or another column or
/// [`Expression`] of the same entity and type.
///
/// The result has that type too, and is nullable if one of the two is:
///
/// ```
/// # use unlazy::{Db, Entity};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User {
/// #     #[entity(primary_key, generated)]
/// #     id: i64,
/// #     visits: i32,
/// #     logins: i32,
/// # }
/// # async fn example(db: Db) -> unlazy::Result<()> {
/// User::update().filter(User::ID.eq(1)).set(User::VISITS, User::VISITS + 1).execute(&db).await?;
/// let rarely = User::query()
///     .filter((User::VISITS * 2).lt(User::LOGINS))
///     .order_by((User::LOGINS - User::VISITS).desc());
/// # Ok(())
/// # }
/// ```
///
/// ```sql
/// UPDATE "users" AS t0 SET "visits" = t0."visits" + $1 WHERE t0."id" = $2
/// SELECT t0."id", t0."visits", t0."logins" FROM "users" AS t0
/// WHERE (t0."visits" * $1) < t0."logins" ORDER BY t0."logins" - t0."visits" DESC, t0."id"
/// ```
///
/// It is the server that calculates: integers are divided without their remainder, and a result that does not fit, or a
/// division by zero, is an error.
#[diagnostic::on_unimplemented(
    message = "a `{V}` of `{E}` cannot be calculated with `{Self}`",
    label = "expected a `{V}`, or a column of the same entity and type",
    note = "convert the value: `i32::try_from(n)?`; for columns of two types write SQL: `sql!(\"$1 * $2\", ..).returns::<i64>()`"
)]
pub trait Calculate<E, V: Value>: Operand<E, V> {
    /// The type of the result with a `T`: a nullable one if either is nullable.
    #[doc(hidden)]
    type With<T: Field<Base = V>>: Field<Base = V>;
}

impl<E, V: Value> Calculate<E, V> for V {
    type With<T: Field<Base = V>> = T;
}

impl<E, V: Value> Calculate<E, V> for &V {
    type With<T: Field<Base = V>> = T;
}

impl<E> Calculate<E, String> for &str {
    type With<T: Field<Base = String>> = T;
}

impl<E: Entity, F: Field, S: Source> Calculate<E, F::Base> for Column<E, F, S> {
    type With<T: Field<Base = F::Base>> = F::Beside<T>;
}

macro_rules! operators {
    ($($(#[$doc:meta])* $operator:ident $method:ident $sql:literal;)+) => {$(
        $(#[$doc])*
        impl<E, T, S, R> $operator<R> for Column<E, T, S>
        where
            E: Entity,
            T: Field<Base: Number>,
            S: Source,
            R: Calculate<E, T::Base>,
        {
            type Output = Expression<E, R::With<T>>;

            fn $method(self, other: R) -> Self::Output {
                Expression::computed(Expr::binary(self.expr(), $sql, other.into_expr()))
            }
        }
    )+};
}

operators! {
    /// `visits + $1`.
    Add add "+";
    /// `visits - $1`.
    Sub sub "-";
    /// `visits * $1`.
    Mul mul "*";
    /// `visits / $1`. Of integers it is an integer, without the remainder.
    Div div "/";
}

/// `-visits`.
impl<E, T, S> Neg for Column<E, T, S>
where
    E: Entity,
    T: Field<Base: Number>,
    S: Source,
{
    type Output = Expression<E, T>;

    fn neg(self) -> Self::Output {
        Expression::computed(Expr::Prefix("-", Box::new(self.expr())))
    }
}

/// Text put together.
impl<E: Entity, T: Field, S: Source> Column<E, T, S> {
    /// `name || $1`. NULL if either is NULL; see [`unwrap_or`](Self::unwrap_or).
    pub fn concat<R>(self, other: R) -> Expression<E, R::With<T>>
    where
        T::Base: Text,
        R: Calculate<E, T::Base>,
    {
        Expression::computed(Expr::binary(self.expr(), "||", other.into_expr()))
    }
}

/// Arrays with one element more, or without one.
impl<E, V, T, S> Column<E, T, S>
where
    E: Entity,
    V: Value,
    T: Field<Base = Vec<V>>,
    S: Source,
{
    /// `array_append(labels, $1)`. Of NULL it makes an array of this one element.
    pub fn append(self, element: impl Operand<E, V>) -> Expression<E, T> {
        let operands = vec![self.expr(), element.into_expr()];
        Expression::computed(Expr::Call("array_append", operands))
    }

    /// `array_remove(labels, $1)`: without each element that is equal to this one.
    pub fn remove(self, element: impl Operand<E, V>) -> Expression<E, T> {
        let operands = vec![self.expr(), element.into_expr()];
        Expression::computed(Expr::Call("array_remove", operands))
    }
}
