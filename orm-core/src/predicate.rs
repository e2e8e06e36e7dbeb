//! Predicates: conditions on the rows of one entity.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use crate::column::{Column, Source};
use crate::entity::Entity;
use crate::expr::Expr;
use crate::fragment::Fragment;

/// A condition on rows of the entity `E`, such as `User::EMAIL.ends_with("@example.org")`.
///
/// Combine them with [`and`](Self::and), [`or`](Self::or) and [`not`](Self::not), or with `&`, `|` and `!`.
pub struct Predicate<E> {
    expr: Expr,
    marker: PhantomData<fn() -> E>,
}

impl<E> Predicate<E> {
    pub(crate) fn new(expr: Expr) -> Self {
        Self {
            expr,
            marker: PhantomData,
        }
    }

    /// `a AND b`.
    pub fn and(self, other: impl Filter<E>) -> Self {
        Self::new(self.expr.and(other.into_expr()))
    }

    /// `a OR b`.
    pub fn or(self, other: impl Filter<E>) -> Self {
        Self::new(self.expr.or(other.into_expr()))
    }

    /// `NOT a`. As in SQL, the negation of a comparison with NULL is not true either.
    #[allow(clippy::should_implement_trait)] // the operator is there too; this one needs no import
    pub fn not(self) -> Self {
        Self::new(Expr::Not(Box::new(self.expr)))
    }
}

impl<E> Clone for Predicate<E> {
    fn clone(&self) -> Self {
        Self::new(self.expr.clone())
    }
}

impl<E> fmt::Debug for Predicate<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl<E, F: Filter<E>> BitAnd<F> for Predicate<E> {
    type Output = Self;

    fn bitand(self, other: F) -> Self {
        self.and(other)
    }
}

impl<E, F: Filter<E>> BitOr<F> for Predicate<E> {
    type Output = Self;

    fn bitor(self, other: F) -> Self {
        self.or(other)
    }
}

impl<E> Not for Predicate<E> {
    type Output = Self;

    fn not(self) -> Self {
        Predicate::not(self)
    }
}

impl<E: Entity, S: Source> Not for Column<E, bool, S> {
    type Output = Predicate<E>;

    fn not(self) -> Predicate<E> {
        Predicate::new(Expr::Not(Box::new(self.expr())))
    }
}

/// Whatever is a condition can begin a longer one.
macro_rules! conditions {
    ($($condition:ty $(where E: $bound:ident, $source:ident: Source)?),+) => {$(
        impl<E $(: $bound, $source: Source)?> $condition {
            /// `a AND b`.
            pub fn and(self, other: impl Filter<E>) -> Predicate<E> {
                Predicate::new(Filter::<E>::into_expr(self)).and(other)
            }

            /// `a OR b`.
            pub fn or(self, other: impl Filter<E>) -> Predicate<E> {
                Predicate::new(Filter::<E>::into_expr(self)).or(other)
            }
        }

        impl<E $(: $bound, $source: Source)?, F: Filter<E>> BitAnd<F> for $condition {
            type Output = Predicate<E>;

            fn bitand(self, other: F) -> Predicate<E> {
                self.and(other)
            }
        }

        impl<E $(: $bound, $source: Source)?, F: Filter<E>> BitOr<F> for $condition {
            type Output = Predicate<E>;

            fn bitor(self, other: F) -> Predicate<E> {
                self.or(other)
            }
        }
    )+};
}

conditions!(Column<E, bool, S> where E: Entity, S: Source, Fragment<E>);

/// What a query of the entity `E` can be filtered by: a [`Predicate`], a `bool` column or
/// [`Expression`](crate::Expression), or an SQL [`Fragment`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition on `{E}`",
    label = "expected a condition on `{E}`",
    note = "a condition on a related entity goes through the relation: `User::POSTS.any(Post::TITLE.eq(\"..\"))`, \
            `Post::AUTHOR.has(User::EMAIL.eq(\"..\"))`"
)]
pub trait Filter<E> {
    #[doc(hidden)]
    fn into_expr(self) -> Expr;
}

impl<E> Filter<E> for Predicate<E> {
    fn into_expr(self) -> Expr {
        self.expr
    }
}

impl<E: Entity, S: Source> Filter<E> for Column<E, bool, S> {
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl<E> Filter<E> for Fragment<E> {
    fn into_expr(self) -> Expr {
        Expr::Raw(self.into_pieces())
    }
}
