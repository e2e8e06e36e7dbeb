//! The order of results.

use std::fmt;
use std::marker::PhantomData;

use crate::column::{Column, Source};
use crate::entity::Entity;
use crate::expr::Expr;
use crate::fragment::Fragment;

/// One term of an `ORDER BY`, such as `User::EMAIL.desc().nulls_last()`.
pub struct Order<E> {
    term: OrderTerm,
    marker: PhantomData<fn() -> E>,
}

/// An [`Order`] without the entity's type.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct OrderTerm {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls: Option<&'static str>,
}

impl<E> Order<E> {
    pub(crate) fn new(term: OrderTerm) -> Self {
        Self {
            term,
            marker: PhantomData,
        }
    }

    pub(crate) fn ascending(expr: Expr) -> Self {
        Self::new(OrderTerm {
            expr,
            descending: false,
            nulls: None,
        })
    }

    pub(crate) fn reversed(mut self) -> Self {
        self.term.descending = !self.term.descending;
        self
    }

    /// `NULLS FIRST`.
    pub fn nulls_first(mut self) -> Self {
        self.term.nulls = Some(" NULLS FIRST");
        self
    }

    /// `NULLS LAST`.
    pub fn nulls_last(mut self) -> Self {
        self.term.nulls = Some(" NULLS LAST");
        self
    }
}

impl<E> Clone for Order<E> {
    fn clone(&self) -> Self {
        Self::new(self.term.clone())
    }
}

impl<E> fmt::Debug for Order<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.term.fmt(f)
    }
}

/// What rows of the entity `E` can be ordered by: an [`Order`], a column or
/// [`Expression`](crate::Expression) (smallest first), or an SQL [`Fragment`].
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be ordered by `{Self}`",
    label = "expected a column of `{E}` or an order by one",
    note = "a column of a related entity goes through the relation: `Post::AUTHOR.order(User::EMAIL.asc())`"
)]
pub trait OrderBy<E> {
    #[doc(hidden)]
    fn into_term(self) -> OrderTerm;
}

impl<E> OrderBy<E> for Order<E> {
    fn into_term(self) -> OrderTerm {
        self.term
    }
}

impl<E: Entity, T, S: Source> OrderBy<E> for Column<E, T, S> {
    fn into_term(self) -> OrderTerm {
        self.asc().into_term()
    }
}

impl<E> OrderBy<E> for Fragment<E> {
    fn into_term(self) -> OrderTerm {
        Order::<E>::ascending(Expr::Raw(self.into_pieces())).into_term()
    }
}

impl<E> Fragment<E> {
    /// Orders by this expression, smallest first.
    pub fn asc(self) -> Order<E> {
        Order::new(self.into_term())
    }

    /// Orders by this expression, greatest first.
    pub fn desc(self) -> Order<E> {
        self.asc().reversed()
    }
}
