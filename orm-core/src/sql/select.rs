//! The statement of a query itself, and the clauses that it shares with those of loads.

use crate::entity::{ColumnDef, EntityDef};
use crate::expr::{Expr, Piece};
use crate::fixed::Fixed;
use crate::load::{Node, relations};
use crate::lock::Lock;
use crate::order::OrderTerm;
use crate::scope::Scopes;
use crate::select::{Page, Scoped, Select};
use crate::sql::annotations::annotations;
use crate::sql::join::{Output, joins};
use crate::sql::writer::{Alias, Name, Table, Writer};
use crate::sql::{SelectSql, Sql};

/// The name of the column that keeps the order in which the user's own SQL returned its rows.
pub(super) const ROW: &str = "unlazy row";

/// `SELECT .. FROM users AS t0 LEFT JOIN .. WHERE .. ORDER BY .. LIMIT ..`.
pub(crate) fn root(
    def: &'static EntityDef,
    select: &Select,
    nodes: &[Option<Node<'_>>],
    scopes: &Scopes,
) -> SelectSql {
    let mut writer = Writer::new(scopes);
    let mut output = Output::default();
    let table = writer.next_alias();
    output.entity(def, table);

    let joined = relations(nodes).any(|node| node.is_joined());
    let numbered = is_numbered(select, joined);
    from(&mut writer, def, select, table, numbered);
    joins(&mut writer, &mut output, table, def, nodes);
    annotations(&mut writer, &mut output, select, table);
    conditions(&mut writer, select, Place::of(table), " WHERE ");
    root_order(&mut writer, def, select, table, numbered);
    limit(&mut writer, &select.page);
    lock(&mut writer, select, table);
    finish(writer, output)
}

/// Whether the rows of the user's own SQL are numbered. They come back in its order; a join, or a condition that is
/// planned as one, may lose that order, so it is kept in a column.
fn is_numbered(select: &Select, joined: bool) -> bool {
    keeps_source_order(select) && (joined || !select.filters.is_empty())
}

/// Numbered rows cannot be locked.
fn keeps_source_order(select: &Select) -> bool {
    select.source.is_some() && select.order.is_empty() && select.lock.is_none()
}

fn root_order(writer: &mut Writer, def: &EntityDef, select: &Select, table: Alias, numbered: bool) {
    if numbered {
        writer.write(format_args!(" ORDER BY {table}.{}", Name(ROW)));
    } else if !keeps_source_order(select) && !select.is_by_key(def) {
        order(writer, def, select, Place::of(table));
    }
}

/// Completes a statement whose clauses after the list of columns are written.
pub(super) fn finish(mut writer: Writer, output: Output) -> SelectSql {
    let (list, layout) = output.into_list();
    writer.prepend(&format!("SELECT {list}"));
    SelectSql {
        sql: writer.finish(),
        layout,
    }
}

pub(super) fn from(
    writer: &mut Writer,
    def: &EntityDef,
    select: &Select,
    table: Alias,
    numbered: bool,
) {
    match &select.source {
        None => writer.write(format_args!(" FROM {} AS {table}", Table::of(def))),
        Some(pieces) => {
            writer.push(" FROM (");
            if numbered {
                writer.write(format_args!(
                    "SELECT *, row_number() OVER () AS {} FROM (",
                    Name(ROW)
                ));
            }
            writer.pieces(pieces, Alias::Unqualified);
            if numbered {
                writer.push(") AS q");
            }
            writer.write(format_args!(") AS {table}"));
        }
    }
}

/// Where the rows that conditions are about stand in a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(super) table: Alias,
    pub(super) link: Alias,
}

impl Place {
    pub(crate) fn of(table: Alias) -> Self {
        Self {
            table,
            link: Alias::Link,
        }
    }
}

/// Writes the filters, and what the definition of a relation adds to them; the first one after `lead`.
pub(crate) fn conditions(writer: &mut Writer, select: &Select, place: Place, lead: &str) {
    let filters = select.filters.iter();
    let lead = write_filters(writer, filters, place, lead);
    if let Some(fixed) = writer.holding(select.fixed) {
        let own = fixed.select();
        writer.within(fixed.relation(), |writer| {
            write_filters(writer, own.filters.iter(), place, lead);
        });
    }
}

/// Writes only the filters that a query or load has itself.
pub(super) fn own_conditions(writer: &mut Writer, select: &Select, place: Place, lead: &str) {
    write_filters(writer, select.own_filters(), place, lead);
}

/// Returns what comes before the next one.
fn write_filters<'l, 's>(
    writer: &mut Writer,
    filters: impl Iterator<Item = &'s Scoped<Expr>>,
    place: Place,
    mut lead: &'l str,
) -> &'l str {
    for filter in filters {
        if !writer.holds(filter) {
            continue;
        }
        writer.push(lead);
        lead = " AND ";
        match filter {
            Scoped::Entity(expr) => writer.conjunct(expr, place.table),
            Scoped::Link(expr) => writer.conjunct(expr, place.link),
        }
    }
    lead
}

/// The order asked for, then that of a relation's definition, then the primary key, so that equal rows too have an order.
pub(super) fn order(writer: &mut Writer, def: &EntityDef, select: &Select, place: Place) {
    order_terms(writer, " ORDER BY ", def, select, place);
}

/// The terms of that order, after `lead`.
pub(super) fn order_terms(
    writer: &mut Writer,
    lead: &str,
    def: &EntityDef,
    select: &Select,
    place: Place,
) {
    let fixed = select.fixed.map(Fixed::select).unwrap_or_default();
    let terms = || select.order.iter().chain(&fixed.order);
    let mut separator = lead;
    for term in terms() {
        writer.push(separator);
        order_term(writer, term, place);
        separator = ", ";
    }
    for key in def.key_columns() {
        let ordered = terms().any(|term| {
            matches!(term, Scoped::Entity(term) if matches!(term.expr, Expr::Column(column) if column.name == key.name))
        });
        if !ordered {
            writer.write(format_args!(
                "{separator}{}.{}",
                place.table,
                Name(key.name)
            ));
            separator = ", ";
        }
    }
}

/// Whether the order is one of columns of the entity, of which `is_there` holds.
pub(super) fn is_ordered_by(select: &Select, is_there: impl Fn(&ColumnDef) -> bool) -> bool {
    let fixed = select.fixed.map(Fixed::select).unwrap_or_default();
    let mut terms = select.order.iter().chain(&fixed.order);
    terms.all(|term| match term {
        Scoped::Entity(OrderTerm {
            expr: Expr::Column(column),
            ..
        }) => is_there(column),
        _ => false,
    })
}

pub(super) fn order_term(writer: &mut Writer, term: &Scoped<OrderTerm>, place: Place) {
    match term {
        Scoped::Entity(term) => writer.order_term(term, place.table),
        Scoped::Link(term) => writer.order_term(term, place.link),
    }
}

pub(super) fn limit(writer: &mut Writer, page: &Page) {
    if let Some(limit) = &page.limit {
        writer.push(" LIMIT ");
        writer.count(limit);
    }
    if let Some(offset) = &page.offset {
        writer.push(" OFFSET ");
        writer.count(offset);
    }
}

/// Of the table that is selected from only: rows that are joined may be on the nullable side, which cannot be locked.
fn lock(writer: &mut Writer, select: &Select, table: Alias) {
    if let Some(Lock {
        strength,
        if_locked,
    }) = select.lock
    {
        writer.write(format_args!(" FOR {strength} OF {table}{if_locked}"));
    }
}

/// The rows of a query without their columns: ` FROM users AS t0 WHERE ..`. Unless the order matters, it is only there
/// where own SQL has it.
pub(super) fn rows(
    writer: &mut Writer,
    def: &EntityDef,
    select: &Select,
    table: Alias,
    ordered: bool,
) {
    let numbered = ordered && is_numbered(select, false);
    from(writer, def, select, table, numbered);
    conditions(writer, select, Place::of(table), " WHERE ");
    if ordered {
        root_order(writer, def, select, table, numbered);
    }
    limit(writer, &select.page);
}

/// The user's own SQL as a whole statement.
pub(crate) fn raw(pieces: &[Piece]) -> Sql {
    let mut writer = Writer::default();
    writer.pieces(pieces, Alias::Unqualified);
    writer.finish()
}
