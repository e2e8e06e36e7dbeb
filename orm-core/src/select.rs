//! What a query or a load asks for, without the entity's type.

use crate::annotate::Annotated;
use crate::expr::{Expr, Piece};
use crate::order::OrderTerm;

/// Filters, order and limits of a query or of a load.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Select {
    pub(crate) source: Option<Vec<Piece>>,
    pub(crate) filters: Vec<Scoped<Expr>>,
    pub(crate) order: Vec<Scoped<OrderTerm>>,
    pub(crate) page: Page,
    /// What is computed for each row of a query.
    pub(crate) annotations: Vec<Annotated>,
    /// Of the targets of each parent, in a load.
    pub(crate) per_parent: Page,
}

/// Which rows of all in their order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    pub(crate) limit: Option<i64>,
    pub(crate) offset: Option<i64>,
}

impl Page {
    pub(crate) fn is_some(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }
}

/// An expression and what its columns belong to.
#[derive(Debug, Clone)]
pub(crate) enum Scoped<T> {
    /// The entity that is selected.
    Entity(T),
    /// The link table through which it is reached.
    Link(T),
}

impl Select {
    pub(crate) fn filter(&mut self, condition: Expr) {
        self.filters.push(Scoped::Entity(condition));
    }

    /// Whether a subquery of one has the same rows as a subquery of the other. See [`Expr::is_same`].
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let unlimited = |select: &Self| !select.page.is_some() && !select.per_parent.is_some();
        unlimited(self)
            && unlimited(other)
            && self.filters.len() == other.filters.len()
            && self
                .filters
                .iter()
                .zip(&other.filters)
                .all(|filters| match filters {
                    (Scoped::Entity(a), Scoped::Entity(b)) | (Scoped::Link(a), Scoped::Link(b)) => {
                        a.is_same(b)
                    }
                    _ => false,
                })
    }

    pub(crate) fn order_by(&mut self, term: OrderTerm) {
        self.order.push(Scoped::Entity(term));
    }
}
