//! What conditions and orders will be when they are written, asked before any statement is sent.
//!
//! They lead through relations and scopes, whose own conditions are known to the writer only. So they are written for
//! nothing.

use crate::fixed::Fixed;
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

fn rehearse(writer: &mut Writer, select: &Select) {
    let place = Place::of(writer.next_alias());
    conditions(writer, select, place, "");
    let fixed = select.fixed.map(Fixed::select).unwrap_or_default();
    for term in select.order.iter().chain(&fixed.order) {
        order_term(writer, term, place);
    }
}
