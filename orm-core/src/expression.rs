//! Expressions: values that the server computes from the columns and related rows of an entity.

use crate::column::{Column, Computed, Operand, Source, Stored};
use crate::entity::Entity;
use crate::expr::Expr;
use crate::fragment::Fragment;
use crate::load::{Deferred, DeferredColumn};
use crate::predicate::{Filter, Predicate};
use crate::value::{Field, Value};

/// A value of type `T` that the server computes for each row of the entity `E`, such as `User::POSTS.count()`.
///
/// It is compared, ordered by and returned like a column:
///
/// ```
/// # use unlazy::{Entity, Unloaded};
/// # #[derive(Entity)]
/// # #[entity(table = "users")]
/// # struct User<Posts = Unloaded> {
/// #     #[entity(primary_key)]
/// #     id: i64,
/// #     #[entity(has_many(Post, foreign_key = author_id))]
/// #     posts: Posts,
/// # }
/// # #[derive(Entity)]
/// # #[entity(table = "posts")]
/// # struct Post {
/// #     #[entity(primary_key)]
/// #     id: i64,
/// #     author_id: i64,
/// # }
/// let busy = User::query()
///     .filter(User::POSTS.count().ge(10))
///     .order_by(User::POSTS.count().desc());
/// ```
///
/// ```sql
/// SELECT t0."id" FROM "users" AS t0
/// WHERE (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id") >= $1
/// ORDER BY (SELECT count(*) FROM "posts" AS t2 WHERE t2."author_id" = t0."id") DESC, t0."id"
/// ```
///
/// Aggregates of a relation make one ([`Rel::count`](crate::Rel::count), [`Rel::sum`](crate::Rel::sum), ..), so does arithmetic
/// (`User::VISITS + 1`, see [`Calculate`](crate::Calculate)), and so do values of a related row
/// ([`Rel::value`](crate::Rel::value)). A [`Predicate`] is one of type `bool`, and so is SQL of your own that says its type
/// ([`Fragment::returns`]).
pub type Expression<E, T> = Column<E, T, Computed>;

/// What has a value for each row of the entity `E`: a column, an [`Expression`], or a [`Predicate`] as `bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of `{E}`",
    label = "expected a column of `{E}`, or an expression about it",
    note = "related rows have one value for each `{E}` as an aggregate: `User::POSTS.count()`, `User::POSTS.max(Post::ID)`"
)]
pub trait IntoExpression<E> {
    /// The value's type.
    type Value: Field;

    /// The same as an [`Expression`].
    fn into_expression(self) -> Expression<E, Self::Value>;
}

impl<E: Entity, T: Field, S: Source> IntoExpression<E> for Column<E, T, S> {
    type Value = T;

    fn into_expression(self) -> Expression<E, T> {
        Expression::computed(self.expr())
    }
}

impl<E, D> IntoExpression<E> for Deferred<D>
where
    E: Entity,
    D: DeferredColumn<Owner = E>,
    D::Content: Field,
{
    type Value = D::Content;

    fn into_expression(self) -> Expression<E, D::Content> {
        self.column().into_expression()
    }
}

/// `(nickname = $1) IS TRUE`: a condition that is not known, because it compares NULL, does not hold.
impl<E> IntoExpression<E> for Predicate<E> {
    type Value = bool;

    fn into_expression(self) -> Expression<E, bool> {
        let condition = Filter::into_expr(self);
        Expression::computed(if condition.is_never_null() {
            condition
        } else {
            Expr::postfix(condition, " IS TRUE")
        })
    }
}

impl<E: Entity> Operand<E, bool> for Predicate<E> {
    fn into_expr(self) -> Expr {
        self.into_expression().expr()
    }
}

impl<E: Entity, T: Field, W> From<Column<E, T, Stored<W>>> for Expression<E, T> {
    fn from(column: Column<E, T, Stored<W>>) -> Self {
        column.into_expression()
    }
}

impl<E> From<Predicate<E>> for Expression<E, bool> {
    fn from(predicate: Predicate<E>) -> Self {
        predicate.into_expression()
    }
}

impl<E: Entity, V: Value, S: Source> Column<E, Option<V>, S> {
    /// A value in place of NULL: `coalesce(nickname, $1)`.
    ///
    /// A sum of no rows is NULL, and PostgreSQL counts NULL as greatest: `User::ORDERS.sum(Order::TOTAL).unwrap_or(0)`
    /// orders as one expects.
    pub fn unwrap_or(self, default: impl Operand<E, V>) -> Expression<E, V> {
        let operands = vec![self.expr(), default.into_expr()];
        Expression::computed(Expr::Call("coalesce", operands))
    }
}

impl<E> Fragment<E> {
    /// SQL of your own as an expression of this type: `sql!("length($1)", User::EMAIL).returns::<i32>()`.
    ///
    /// The type is checked when its value is read, as a column's is.
    pub fn returns<T: Field>(self) -> Expression<E, T> {
        Expression::computed(Expr::Raw(self.into_pieces()))
    }
}
