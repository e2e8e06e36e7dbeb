//! The statement of a selectin load: the targets of all parents at once, found by the parents' keys.

use crate::entity::ColumnDef;
use crate::load::Node;
use crate::relation::RelationKind;
use crate::sql::SelectSql;
use crate::sql::join::{Output, joins, names, on_key};
use crate::sql::select::{conditions, finish, order};
use crate::sql::writer::{Alias, Name, Table, Writer};

/// The statement of a selectin load.
#[derive(Debug)]
pub(crate) struct Children {
    pub(crate) select: SelectSql,
    /// How many parameters the parents' keys are: the first ones.
    pub(crate) keys: usize,
    pub(crate) key_source: KeySource,
}

/// Where a row of the result says to which of the keys it belongs.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// In the column at this position: the number of the key, counted from one.
    Number(usize),
    /// In the column at this position: the key itself.
    Value(usize),
}

/// Below, `$1` are the distinct keys of the parents, as one array; composite keys are one array for each part.
///
/// - a key of one column: `SELECT .. FROM posts AS t0 WHERE t0.author_id = ANY($1)`
/// - a composite key, or one that can be equal without being the same: `SELECT k.n, .. FROM unnest($1::int8[],
///   $2::int4[]) WITH ORDINALITY AS k(c0, c1, n) JOIN lines AS t0 ON t0.order_id = k.c0 AND t0.line = k.c1`
/// - many to many: `SELECT l.post_id, .. FROM post_tags AS l JOIN tags AS t0 ON t0.id = l.tag_id WHERE
///   l.post_id = ANY($1)`
pub(crate) fn children(node: &Node<'_>) -> Children {
    let relation = node.relation;
    let keys: Vec<&ColumnDef> = match relation.link {
        None => columns(relation.target.columns, relation.target_columns),
        // A link's columns have the types of the keys that they refer to.
        Some(_) => columns(relation.parent.columns, relation.parent_columns),
    };
    let mut writer = Writer::reserving(keys.len());
    let mut output = Output::default();
    let table = writer.next_alias();
    let (keyed, key_columns): (Alias, Vec<&str>) = match &relation.link {
        None => (
            table,
            names(relation.target, relation.target_columns).collect(),
        ),
        Some(link) => (Alias::Link, link.parent_columns.to_vec()),
    };
    let by_value = match keys.as_slice() {
        [key] => key.ty.equal_means_same_bytes(),
        _ => false,
    };

    let key_source = if by_value {
        match relation.target_columns {
            [position] if relation.link.is_none() => KeySource::Value(*position),
            _ => {
                let cast = keys[0].ty.select_cast();
                output.column(format_args!("{keyed}.{}{cast}", Name(key_columns[0])));
                KeySource::Value(0)
            }
        }
    } else {
        output.column(format_args!("{}.n", Alias::Keys));
        KeySource::Number(0)
    };
    output.entity(relation.target, table);

    writer.push(" FROM ");
    if !by_value {
        let key_table = match &relation.link {
            None => Table::of(relation.target),
            Some(link) => Table(link.schema, link.table),
        };
        unnest(&mut writer, &keys, &key_table, &key_columns);
        writer.push(" JOIN ");
    }
    if let Some(link) = &relation.link {
        writer.write(format_args!(
            "{} AS {}",
            Table(link.schema, link.table),
            Alias::Link
        ));
        if !by_value {
            on_unnested(&mut writer, keyed, &key_columns);
        }
        writer.push(" JOIN ");
    }
    writer.write(format_args!("{} AS {table}", Table::of(relation.target)));
    if let Some(link) = &relation.link {
        writer.push(" ON ");
        let target_columns = names(relation.target, relation.target_columns);
        on_key(
            &mut writer,
            table,
            target_columns,
            Alias::Link,
            link.target_columns.iter().copied(),
        );
    } else if !by_value {
        on_unnested(&mut writer, keyed, &key_columns);
    }
    joins(&mut writer, &mut output, table, &node.slots);
    if by_value {
        writer.write(format_args!(
            " WHERE {keyed}.{} = ANY(",
            Name(key_columns[0])
        ));
        writer.parameter(1, keys[0].ty.array());
        writer.push(")");
        conditions(&mut writer, node.select, table, " AND ");
    } else {
        conditions(&mut writer, node.select, table, " WHERE ");
    }
    // Of targets of which each parent has one, the order says nothing.
    if matches!(
        relation.kind,
        RelationKind::HasMany | RelationKind::ManyToMany
    ) {
        order(&mut writer, relation.target, node.select, table);
    }
    Children {
        select: finish(writer, output),
        keys: keys.len(),
        key_source,
    }
}

fn columns(all: &'static [ColumnDef], positions: &[usize]) -> Vec<&'static ColumnDef> {
    positions.iter().map(|&position| &all[position]).collect()
}

/// `unnest($1::int8[], $2::int4[]) WITH ORDINALITY AS k(c0, c1, n)`.
fn unnest(writer: &mut Writer, keys: &[&ColumnDef], table: &Table, columns: &[&str]) {
    writer.push("unnest(");
    for (position, (key, column)) in keys.iter().zip(columns).enumerate() {
        writer.separate(position);
        writer.key_array(position + 1, key.ty, table, column);
    }
    writer.write(format_args!(") WITH ORDINALITY AS {}(", Alias::Keys));
    for position in 0..keys.len() {
        writer.write(format_args!("c{position}, "));
    }
    writer.push("n)");
}

fn on_unnested(writer: &mut Writer, keyed: Alias, key_columns: &[&str]) {
    for (position, column) in key_columns.iter().enumerate() {
        let lead = if position == 0 { " ON " } else { " AND " };
        writer.write(format_args!(
            "{lead}{keyed}.{} = {}.c{position}",
            Name(column),
            Alias::Keys
        ));
    }
}

/// The statements of all selectin loads in a tree.
pub(crate) fn loads_below(nodes: &[Option<Node<'_>>], statements: &mut Vec<String>) {
    for node in nodes.iter().flatten() {
        if !node.is_joined() {
            statements.push(children(node).select.sql.text);
        }
        loads_below(&node.slots, statements);
    }
}
