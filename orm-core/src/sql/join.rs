//! To-one relations that are loaded in the statement of their parent.

use crate::entity::EntityDef;
use crate::load::Node;
use crate::sql::writer::{Alias, Name, Table, Writer};

/// The columns that a statement returns, in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Output {
    list: String,
    columns: usize,
    pub(super) layout: Vec<(usize, &'static EntityDef)>,
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

    pub(super) fn entity(&mut self, def: &'static EntityDef, alias: Alias) {
        self.layout.push((self.columns, def));
        for column in def.columns {
            let cast = column.ty.select_cast();
            self.column(format_args!("{alias}.{}{cast}", Name(column.name)));
        }
    }

    pub(super) fn into_list(self) -> (String, Vec<(usize, &'static EntityDef)>) {
        (self.list, self.layout)
    }
}

/// The name of the column that counts the rows of a `has_one` whose key is not unique.
const COUNT: &str = "unlazy count";

/// Writes the joins below `parent`, and adds their columns to the output.
///
/// A join is LEFT even where the foreign key is required: an inner join would silently lose a parent whose target is
/// missing or hidden, and a load never changes which parents come back. The missing target is reported instead.
pub(super) fn joins(
    writer: &mut Writer,
    output: &mut Output,
    parent: Alias,
    nodes: &[Option<Node<'_>>],
) {
    for node in nodes.iter().flatten().filter(|node| node.is_joined()) {
        let relation = node.relation;
        let alias = writer.next_alias();
        let target_columns = names(relation.target, relation.target_columns);
        let parent_columns = names(relation.parent, relation.parent_columns);
        if node.counts_targets() {
            // At most one row for each parent, whatever the data: the number says if there were more.
            writer.push(" LEFT JOIN LATERAL (SELECT ");
            for column in relation.target.columns {
                writer.write(format_args!("{alias}.{}, ", Name(column.name)));
            }
            writer.write(format_args!(
                "count(*) OVER () AS {} FROM {} AS {alias} WHERE ",
                Name(COUNT),
                Table::of(relation.target)
            ));
            on_key(writer, alias, target_columns, parent, parent_columns);
            writer.write(format_args!(" LIMIT 1) AS {alias} ON true"));
            output.entity(relation.target, alias);
            output.column(format_args!("{alias}.{}", Name(COUNT)));
        } else {
            writer.write(format_args!(
                " LEFT JOIN {} AS {alias} ON ",
                Table::of(relation.target)
            ));
            on_key(writer, alias, target_columns, parent, parent_columns);
            output.entity(relation.target, alias);
        }
        joins(writer, output, alias, &node.slots);
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
