//! What an entity's definition fixes for every use of a relation: conditions and an order.

use std::any::TypeId;
use std::marker::PhantomData;

use crate::order::OrderBy;
use crate::predicate::Filter;
use crate::relation::{Relation, ThroughEntity};
use crate::select::{Scoped, Select};

/// The conditions and the order of a relation's attribute. They are made anew for each statement, since values of any type
/// may be in them.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fixed {
    relation: fn() -> TypeId,
    options: fn() -> Select,
}

impl Fixed {
    pub const fn of<R: Relation>(options: fn() -> Select) -> Self {
        Self {
            relation: TypeId::of::<R>,
            options,
        }
    }

    /// The relation, within whose own conditions there are none: they would have no end.
    pub(crate) fn relation(&self) -> TypeId {
        (self.relation)()
    }

    /// The conditions and the order.
    pub(crate) fn select(&self) -> Select {
        (self.options)()
    }
}

/// The options of a relation's attribute, one call for each.
#[doc(hidden)]
pub struct RelationOptions<R> {
    select: Select,
    marker: PhantomData<fn() -> R>,
}

impl<R: Relation> RelationOptions<R> {
    #[allow(clippy::new_without_default)] // made by the derive only
    pub fn new() -> Self {
        Self {
            select: Select::default(),
            marker: PhantomData,
        }
    }

    pub fn filter(mut self, condition: impl Filter<R::Target>) -> Self {
        self.select.filter(condition.into_expr());
        self
    }

    pub fn order_by(mut self, order: impl OrderBy<R::Target>) -> Self {
        self.select.order_by(order.into_term());
        self
    }

    pub fn filter_link(mut self, condition: impl Filter<R::Link>) -> Self
    where
        R: ThroughEntity,
    {
        let condition = Scoped::Link(condition.into_expr());
        self.select.filters.push(condition);
        self
    }

    pub fn order_by_link(mut self, order: impl OrderBy<R::Link>) -> Self
    where
        R: ThroughEntity,
    {
        self.select.order.push(Scoped::Link(order.into_term()));
        self
    }

    pub fn into_select(self) -> Select {
        self.select
    }
}
