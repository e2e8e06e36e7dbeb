//! So many targets of each parent.

use crate::entity::ColumnDef;
use crate::load::{RelationNode, relations};
use crate::select::{Page, Select};
use crate::sql::children::{KeyColumn, KeyFrom, Source, ambiguous, at, on_keys};
use crate::sql::join::{columns, read_columns};
use crate::sql::select::{Place, ROW, conditions, is_ordered_by, limit, order, order_terms};
use crate::sql::writer::{Alias, Name, Writer};

/// How they are told from the others. In both ways the rows are numbered, so that the result can be in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PerParent {
    /// Each parent is looked up by itself: `SELECT k.n, .. FROM unnest($1::int8[]) WITH ORDINALITY AS k(c0, n) CROSS JOIN
    /// LATERAL (SELECT .. FROM posts AS t0 WHERE t0.author_id = k.c0 ORDER BY .. LIMIT $2) AS t0 ORDER BY k.n, ..`
    Lateral,
    /// All targets are read: `SELECT .. FROM (SELECT .., row_number() OVER (PARTITION BY t0.author_id ORDER BY ..) AS
    /// "unlazy row" FROM posts AS t0 WHERE t0.author_id = ANY($1)) AS t0 WHERE t0."unlazy row" <= $2 ORDER BY
    /// t0.author_id, ..`, which is the window's order again
    Window,
}

impl PerParent {
    pub(super) fn of(select: &Select) -> Option<Self> {
        match (select.per_parent.is_some(), select.by_window) {
            (false, _) => None,
            (true, false) => Some(Self::Lateral),
            (true, true) => Some(Self::Window),
        }
    }
}

impl Source<'_> {
    /// Writes `unnest(..) AS k CROSS JOIN LATERAL (SELECT .. WHERE t0.author_id = k.c0 .. ORDER BY .. LIMIT $2) AS t0`.
    pub(super) fn looked_up(&self, writer: &mut Writer, table: Alias) {
        let node = self.node;
        self.key_table(writer, table);
        writer.write(format_args!(
            " CROSS JOIN LATERAL (SELECT *, row_number() OVER () AS {} FROM (SELECT ",
            Name(ROW)
        ));
        columns(writer, table, read_columns(node));
        writer.push(" FROM ");
        self.target(writer, table, |_, _, _| {});
        writer.push(" WHERE ");
        let (keyed, key_columns) = self.keyed(table);
        on_keys(writer, keyed, &key_columns);
        conditions(writer, node.select, Place::of(table), " AND ");
        order(writer, node.relation.target, node.select, Place::of(table));
        limit(writer, &node.select.per_parent);
        writer.write(format_args!(") AS q) AS {table}"));
    }

    /// Writes `(SELECT .., row_number() OVER (PARTITION BY t0.author_id ORDER BY ..) AS "unlazy row" FROM .. WHERE ..) AS t0`.
    pub(super) fn numbered(&self, writer: &mut Writer, table: Alias) {
        let node = self.node;
        writer.push("(SELECT ");
        if !self.target_has_key() {
            for (position, column) in self.found_key(table).iter().enumerate() {
                writer.write(format_args!("{} AS {}, ", column.sql, key_name(position)));
            }
        }
        columns(writer, table, read_columns(node));
        writer.push(", row_number() OVER (PARTITION BY ");
        self.partition(writer, table);
        order(writer, node.relation.target, node.select, Place::of(table));
        writer.write(format_args!(") AS {} FROM ", Name(ROW)));
        self.found(writer, table);
        self.found_conditions(writer, table);
        writer.write(format_args!(") AS {table}"));
    }

    /// Writes what only rows of one parent have in common: where keys can be equal without being the same, also their text.
    fn partition(&self, writer: &mut Writer, table: Alias) {
        for (position, column) in self.found_key(table).iter().enumerate() {
            writer.separate(position);
            writer.push(&column.sql);
        }
        if let (false, KeyFrom::Query(_)) = (self.by_value, self.from) {
            let relation = self.node.relation;
            let parents = at(relation.parent, relation.parent_columns);
            for (position, _) in ambiguous(&parents) {
                writer.write(format_args!(", {}.d{position}", Alias::Keys));
            }
        }
    }

    /// The columns of numbered rows that say to which key they belong.
    pub(super) fn numbered_key(&self, table: Alias) -> Vec<KeyColumn> {
        let found = self.found_key(table);
        if self.target_has_key() {
            return found;
        }
        let parts = found.iter().enumerate();
        parts
            .map(|(position, column)| KeyColumn::new(table, key_name(position), column.cast))
            .collect()
    }

    /// Writes which of the numbered rows are kept. Written so, an upper limit is one at which PostgreSQL
    /// stops to number a parent's rows.
    pub(super) fn kept_numbers(&self, writer: &mut Writer, table: Alias) {
        let Page { limit, offset } = &self.node.select.per_parent;
        let mut lead = " WHERE ";
        let mut after = String::new();
        if let Some(offset) = offset {
            let number = writer.add(offset.parameter().clone());
            writer.write(format_args!("{lead}{table}.{} > ${number}", Name(ROW)));
            lead = " AND ";
            after = format!(" + ${number}");
        }
        if let Some(limit) = limit {
            writer.write(format_args!("{lead}{table}.{} <= ", Name(ROW)));
            writer.count(limit);
            writer.push(&after);
        }
    }

    /// Writes ` ORDER BY k.n, t0."unlazy row"`: the rows of a parent come in the order of their numbers.
    ///
    /// Numbered by a window, they come by ` ORDER BY t0.author_id, t0.created DESC, t0.id` where these columns are at hand: it is the same
    /// order, and PostgreSQL sees that the window has it already. Behind a join it may have been lost, and numbers are sorted faster.
    pub(super) fn order_by_number(&self, writer: &mut Writer, table: Alias) {
        writer.push(" ORDER BY ");
        for (position, column) in self.key(table).iter().enumerate() {
            writer.separate(position);
            writer.push(&column.sql);
        }
        let node = self.node;
        let is_read = |column: &ColumnDef| read_columns(node).any(|read| read.is_same(column));
        let has_order = self.per_parent == Some(PerParent::Window)
            && !relations(&node.slots).any(RelationNode::is_joined)
            && is_ordered_by(node.select, is_read);
        if has_order {
            let target = node.relation.target;
            order_terms(writer, ", ", target, node.select, Place::of(table));
        } else {
            writer.write(format_args!(", {table}.{}", Name(ROW)));
        }
    }
}

/// The name of a part of the key among the columns of the target.
fn key_name(position: usize) -> String {
    Name(&format!("unlazy key {position}")).to_string()
}
