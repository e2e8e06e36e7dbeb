//! What a query or a load asks for, without the entity's type.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::annotate::Annotated;
use crate::bind::{Bind, Parameter};
use crate::entity::{ColumnDef, EntityDef};
use crate::expr::{Expr, Piece};
use crate::fixed::Fixed;
use crate::lock::Lock;
use crate::order::OrderTerm;
use crate::relation::{RelationDef, Unscoped};
use crate::scope::Scopes;

/// Filters, order and limits of a query or of a load.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Select {
    pub(crate) source: Option<Vec<Piece>>,
    pub(crate) filters: SmallVec<[Scoped<Expr>; 1]>,
    pub(crate) order: Vec<Scoped<OrderTerm>>,
    pub(crate) page: Page,
    /// What is computed for each row of a query.
    pub(crate) annotations: Vec<Annotated>,
    /// Of the targets of each parent, in a load.
    pub(crate) per_parent: Page,
    /// Whether those are told by a window function.
    pub(crate) by_window: bool,
    /// What the definition of a relation adds. It is made where it is written: it may lead through the relation itself.
    pub(crate) fixed: Option<&'static Fixed>,
    pub(crate) lock: Option<Lock>,
    /// The values of scopes that are given here.
    pub(crate) scopes: Scopes,
}

/// Which rows of all in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) limit: Option<Count>,
    pub(crate) offset: Option<Count>,
}

/// A number of rows.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    number: i64,
    parameter: Parameter,
}

impl Count {
    pub(crate) fn of(rows: i64) -> Self {
        Self {
            number: rows,
            parameter: Arc::new(rows),
        }
    }

    /// It is always a parameter, so that the statement is the same for all numbers.
    pub(crate) fn parameter(&self) -> &Parameter {
        &self.parameter
    }
}

impl Page {
    pub(crate) fn is_some(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    /// Whether it has a limit, and of so many rows at most.
    pub(crate) fn is_at_most(&self, rows: i64) -> bool {
        self.limit
            .as_ref()
            .is_some_and(|limit| limit.number <= rows)
    }

    /// Lowers the limit to so many rows.
    pub(crate) fn at_most(&mut self, rows: i64) {
        if self.limit.as_ref().is_none_or(|limit| limit.number > rows) {
            self.limit = Some(Count::of(rows));
        }
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
    /// All rows of an entity that its scopes do not hide.
    pub(crate) fn of(def: &'static EntityDef) -> Self {
        let mut select = Self::default();
        if !def.scopes.is_empty() {
            select.filters = scopes(def).map(Scoped::Entity).collect();
        }
        select
    }

    /// All rows that a relation leads to and that scopes do not hide.
    pub(crate) fn through(relation: &'static RelationDef, unscoped: Unscoped) -> Self {
        let mut select = Self {
            fixed: relation.fixed.as_ref(),
            ..Self::default()
        };
        if !unscoped.target {
            let of_target = scopes(relation.target).map(Scoped::Entity);
            select.filters.extend(of_target);
        }
        if unscoped.deleted {
            select.lift_deleted();
        }
        let link = relation.link.as_ref().and_then(|link| link.entity);
        if let Some(link) = link.filter(|_| !unscoped.link) {
            select.filters.extend(scopes(link).map(Scoped::Link));
        }
        select
    }

    /// The filters that are no scopes.
    pub(crate) fn own_filters(&self) -> impl Iterator<Item = &Scoped<Expr>> {
        let is_scope = |filter: &_| {
            matches!(
                filter,
                Scoped::Entity(Expr::Scope(_)) | Scoped::Link(Expr::Scope(_))
            )
        };
        self.filters.iter().filter(move |filter| !is_scope(*filter))
    }

    pub(crate) fn has_no_own_filters(&self) -> bool {
        self.own_filters().next().is_none()
    }

    /// Takes the scopes of the entity away.
    pub(crate) fn lift(&mut self) {
        let is_scope = |filter: &_| matches!(filter, Scoped::Entity(Expr::Scope(_)));
        self.filters.retain(|filter| !is_scope(filter));
    }

    /// Takes away the scope that hides what is deleted.
    pub(crate) fn lift_deleted(&mut self) {
        self.filters.retain(|filter| {
            !matches!(filter, Scoped::Entity(Expr::Scope(scope)) if scope.deletion().is_some())
        });
    }

    /// Takes the scopes of the link's entity away.
    pub(crate) fn lift_link(&mut self) {
        let is_scope = |filter: &_| matches!(filter, Scoped::Link(Expr::Scope(_)));
        self.filters.retain(|filter| !is_scope(filter));
    }

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

    /// The value, if it asks for one value of a primary key of one column and for nothing else: what most programs ask for most.
    pub(crate) fn only_key(&self, def: &EntityDef) -> Option<&Bind> {
        let Self {
            source: None,
            filters,
            order,
            page: Page {
                limit: None,
                offset: None,
            },
            annotations,
            // Of loads.
            per_parent: _,
            by_window: _,
            fixed: None,
            lock: None,
            // They are among those of the connection.
            scopes: _,
        } = self
        else {
            return None;
        };
        let [Scoped::Entity(Expr::Compare(column, "=", value))] = filters.as_slice() else {
            return None;
        };
        let is_only = order.is_empty() && annotations.is_empty();
        // The type is how the parameter is written: of the key's own it need not be said.
        let [key] = *def.key else { return None };
        let key = &def.columns[key];
        (is_only && column.is_same(key) && value.ty == key.ty).then_some(value)
    }

    /// Whether it asks for one value of the primary key, of which there is at most one row, and for no order or page of its own.
    pub(crate) fn is_by_key(&self, def: &EntityDef) -> bool {
        let is_fixed = |key: &ColumnDef| {
            self.filters
                .iter()
                .any(|filter| matches!(filter, Scoped::Entity(expr) if expr.is_equal_to_value(key)))
        };
        self.source.is_none()
            && self.order.is_empty()
            && !self.page.is_some()
            && def.key_columns().all(is_fixed)
    }

    /// So many rows are enough to see whether there is more than one. By a key there are not.
    pub(crate) fn limit_to_find_one(&mut self, def: &EntityDef) {
        if !self.is_by_key(def) {
            self.page.at_most(2);
        }
    }

    pub(crate) fn order_by(&mut self, term: OrderTerm) {
        self.order.push(Scoped::Entity(term));
    }
}

fn scopes(def: &'static EntityDef) -> impl Iterator<Item = Expr> {
    def.scopes.iter().map(Expr::Scope)
}
