//! To-one relations that are loaded in the statement of their parent.

use crate::decode::{ComputedColumn, Part, ValueType};
use crate::entity::{ColumnDef, EntityDef};
use crate::load::{Node, RelationNode};
use crate::sql::Layout;
use crate::sql::select::{Place, conditions};
use crate::sql::writer::{Alias, Name, Table, Writer};

/// The columns that a statement returns, in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Output {
    list: String,
    columns: usize,
    layout: Layout,
}

impl Output {
    pub(super) fn column(&mut self, sql: std::fmt::Arguments<'_>) {
        use std::fmt::Write;
        if self.columns > 0 {
            self.list.push_str(", ");
        }
        // Writing to a `String` cannot fail.
        let _ = self.list.write_fmt(sql);
        self.columns += 1;
    }

    /// Adds what every query reads of an entity, and returns where that begins.
    pub(super) fn entity(&mut self, def: &'static EntityDef, alias: Alias) -> usize {
        let at = self.columns;
        self.part(def, def.eager_columns(), alias);
        at
    }

    fn part(&mut self, def: &'static EntityDef, columns: &'static [ColumnDef], alias: Alias) {
        self.layout.parts.push(Part {
            at: self.columns,
            def,
            columns,
        });
        for column in columns {
            let cast = column.ty.select_cast();
            self.column(format_args!("{alias}.{}{cast}", Name(column.name)));
        }
    }

    /// Adds a value that is computed, and returns the number of its column, counted from one.
    pub(super) fn value(&mut self, sql: String, value_type: ValueType) -> usize {
        let at = self.columns;
        self.column(format_args!("{sql}"));
        self.layout.values.push(ComputedColumn {
            at,
            sql,
            value_type,
        });
        self.columns
    }

    pub(super) fn into_list(self) -> (String, Layout) {
        (self.list, self.layout)
    }
}

/// The name of the column that counts the rows of a `has_one` whose key is not unique.
const COUNT: &str = "unlazy count";

/// Writes the joins below `parent`, and adds to the output what comes with its rows.
pub(super) fn joins(
    writer: &mut Writer,
    output: &mut Output,
    parent: Alias,
    def: &'static EntityDef,
    nodes: &[Option<Node<'_>>],
) {
    for node in nodes.iter().flatten() {
        match node {
            Node::Column(column) => output.part(def, std::slice::from_ref(*column), parent),
            Node::Relation(node) if node.is_joined() => {
                let target = node.relation.target;
                let alias = writer.next_alias();
                left_join(writer, node, parent, alias);
                output.entity(target, alias);
                if node.counts_targets() {
                    output.column(format_args!("{alias}.{}", Name(COUNT)));
                }
                joins(writer, output, alias, target, &node.slots);
            }
            Node::Relation(_) => {}
        }
    }
}

/// Writes ` LEFT JOIN users AS t1 ON t1.id = t0.author_id`.
///
/// A join is LEFT even where the foreign key is required: an inner join would silently lose a parent whose target is
/// missing or hidden, and a load never changes which parents come back. The missing target is reported instead.
pub(super) fn left_join(writer: &mut Writer, node: &RelationNode<'_>, parent: Alias, alias: Alias) {
    let relation = node.relation;
    let table = Table::of(relation.target);
    let target_columns = names(relation.target, relation.target_columns);
    let parent_columns = names(relation.parent, relation.parent_columns);
    if node.counts_targets() {
        // At most one row for each parent, whatever the data: the number says if there were more.
        writer.push(" LEFT JOIN LATERAL (SELECT ");
        columns(writer, alias, read_columns(node));
        writer.write(format_args!(
            ", count(*) OVER () AS {} FROM {table} AS {alias} WHERE ",
            Name(COUNT),
        ));
        on_key(writer, alias, target_columns, parent, parent_columns);
        conditions(writer, node.select, Place::of(alias), " AND ");
        writer.write(format_args!(" LIMIT 1) AS {alias} ON true"));
    } else {
        writer.write(format_args!(" LEFT JOIN {table} AS {alias} ON "));
        on_key(writer, alias, target_columns, parent, parent_columns);
        conditions(writer, node.select, Place::of(alias), " AND ");
        writer.add_joined(parent, relation, node.select, alias);
    }
}

/// The columns of a relation's target that are read.
pub(super) fn read_columns<'n>(
    node: &'n RelationNode<'_>,
) -> impl Iterator<Item = &'static ColumnDef> + use<'n> {
    let deferred = node.slots.iter().flatten().filter_map(|slot| match slot {
        Node::Column(column) => Some(*column),
        Node::Relation(_) => None,
    });
    node.relation.target.eager_columns().iter().chain(deferred)
}

/// `t0.id, t0.title`.
pub(super) fn columns(
    writer: &mut Writer,
    alias: Alias,
    columns: impl Iterator<Item = &'static ColumnDef>,
) {
    for (position, column) in columns.enumerate() {
        writer.separate(position);
        writer.write(format_args!("{alias}.{}", Name(column.name)));
    }
}

/// `t1.order_id = t0.id AND t1.line = t0.line`.
pub(super) fn on_key<'a, 'b>(
    writer: &mut Writer,
    left: Alias,
    left_columns: impl Iterator<Item = &'a str>,
    right: Alias,
    right_columns: impl Iterator<Item = &'b str>,
) {
    for (position, (left_column, right_column)) in left_columns.zip(right_columns).enumerate() {
        if position > 0 {
            writer.push(" AND ");
        }
        writer.write(format_args!(
            "{left}.{} = {right}.{}",
            Name(left_column),
            Name(right_column)
        ));
    }
}

pub(super) fn names<'a>(
    def: &'a EntityDef,
    positions: &'a [usize],
) -> impl Iterator<Item = &'static str> + use<'a> {
    positions.iter().map(|&position| def.columns[position].name)
}
