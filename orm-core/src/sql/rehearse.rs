//! What conditions and orders will be when they are written, asked before any statement is sent.
//!
//! They lead through relations and scopes, whose own conditions are known to the writer only. So they are written for
//! nothing.

use crate::error::Result;
use crate::fixed::Fixed;
use crate::load::{Node, relations};
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::select::{Place, conditions, order_term};
use crate::sql::writer::Writer;

/// What the conditions and the order of a query or load consist of.
pub(crate) struct Ingredients {
    /// The pieces of the user's own SQL.
    pub(crate) own_sql: Vec<&'static str>,
    /// Whether floating-point numbers are added.
    pub(crate) is_rounded: bool,
}

pub(crate) fn ingredients(select: &Select, scopes: &Scopes) -> Ingredients {
    let mut writer = Writer::new(scopes);
    rehearse(&mut writer, select);
    Ingredients {
        own_sql: writer.own_sql,
        is_rounded: writer.is_rounded,
    }
}

/// Finds a scope without a value in the loads below a query, whose statements are written only when the parents are there.
pub(crate) fn check_loads(nodes: &[Option<Node<'_>>], scopes: &Scopes) -> Result<()> {
    let mut writer = Writer::new(scopes);
    rehearse_loads(&mut writer, nodes);
    writer.finish().check()
}

fn rehearse_loads(writer: &mut Writer, nodes: &[Option<Node<'_>>]) {
    for node in relations(nodes) {
        rehearse(writer, node.select);
        rehearse_loads(writer, &node.slots);
    }
}

fn rehearse(writer: &mut Writer, select: &Select) {
    let place = Place::of(writer.next_alias());
    conditions(writer, select, place, "");
    let fixed = select.fixed.map(Fixed::select).unwrap_or_default();
    for term in select.order.iter().chain(&fixed.order) {
        order_term(writer, term, place);
    }
}
