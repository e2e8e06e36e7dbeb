//! The statement of a load: the targets of all parents at once, found by the parents' keys.

mod origin;
mod per_parent;

pub(crate) use origin::{KeyFrom, Origin};

use crate::entity::{ColumnDef, EntityDef};
use crate::load::{Node, RelationNode, relations};
use crate::relation::RelationKind;
use crate::scope::Scopes;
use crate::sql::SelectSql;
use crate::sql::children::per_parent::PerParent;
use crate::sql::join::{Output, joins, names, on_key};
use crate::sql::recursive;
use crate::sql::select::{Place, conditions, finish, order};
use crate::sql::writer::{Alias, Name, Table, Writer};

/// The statement of a load.
#[derive(Debug)]
pub(crate) struct Children {
    pub(crate) select: SelectSql,
    /// How many parameters the parents' keys are: the first ones.
    pub(crate) keys: usize,
    pub(crate) key_source: KeySource,
    /// Where a row of a tree has the key of the row above it.
    pub(crate) above: Vec<usize>,
    /// Where the target begins in a row.
    pub(crate) target_at: usize,
}

/// Where a row of the result says to which of the keys it belongs.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// In the column at this position: the number of the key, counted from one.
    Number(usize),
    /// In the columns at these positions: the key itself.
    Parts(Vec<usize>),
}

/// Below, `$1` are the distinct keys of the parents, as one array; composite keys are one array for each part.
///
/// - a key of one column: `SELECT .. FROM posts AS t0 WHERE t0.author_id = ANY($1)`
/// - a composite key, or one that can be equal without being the same: `SELECT k.n, .. FROM unnest($1::int8[],
///   $2::int4[]) WITH ORDINALITY AS k(c0, c1, n) JOIN lines AS t0 ON t0.order_id = k.c0 AND t0.line = k.c1`
/// - many to many: `SELECT l.post_id, .. FROM post_tags AS l JOIN tags AS t0 ON t0.id = l.tag_id WHERE
///   l.post_id = ANY($1)`
/// - so many of each parent: see [`PerParent`]
///
/// Where the keys are those of the parents' statement:
///
/// - below a small page `ARRAY(SELECT ..)` stands for `$1`: PostgreSQL runs it once, and uses the index on `author_id` with its result,
///   which it often does not for the `IN (SELECT ..)` of a page (measured: 4 times as long for 20 users)
/// - otherwise it is `IN (SELECT ..)`, which is planned by what is known of the parents' condition. For each row, PostgreSQL looks
///   through an array from end to end when a bitmap of the table gets too large for `work_mem`: with 100,000 keys that does not end.
/// - `(SELECT DISTINCT ..) AS k` stands for `unnest`
pub(crate) fn children(node: &RelationNode<'_>, from: KeyFrom<'_>, scopes: &Scopes) -> Children {
    if let Some(recursion) = node.recursion {
        return recursive::children(node, recursion, from, scopes);
    }
    let relation = node.relation;
    let source = Source::of(node, from);
    let bound = match from {
        KeyFrom::Parameters => source.keys.len(),
        KeyFrom::Query(_) => 0,
    };
    let mut writer = Writer::reserving(bound, scopes);
    let mut output = Output::default();
    let table = writer.next_alias();
    let key = source.key(table);
    if !source.target_has_key() {
        for KeyColumn { sql, cast } in &key {
            output.column(format_args!("{sql}{cast}"));
        }
    }
    let target_at = output.entity(relation.target, table);
    let key_source = match from {
        _ if source.target_has_key() => {
            KeySource::Parts(vec![target_at + relation.target_columns[0]])
        }
        KeyFrom::Parameters if !source.by_value => KeySource::Number(0),
        _ => KeySource::Parts((0..key.len()).collect()),
    };
    source.rows(&mut writer, table);
    joins(
        &mut writer,
        &mut output,
        table,
        relation.target,
        &node.slots,
    );
    source.conditions(&mut writer, table);
    source.order(&mut writer, table);
    Children {
        select: finish(writer, output),
        keys: bound,
        key_source,
        above: Vec::new(),
        target_at,
    }
}

/// The rows that a load selects from.
struct Source<'a> {
    node: &'a RelationNode<'a>,
    from: KeyFrom<'a>,
    /// The columns of the parent's key, or those that have its type.
    keys: Vec<&'static ColumnDef>,
    /// Whether the rows are found by `key = ANY(array)`. Otherwise the keys are a table that is joined.
    by_value: bool,
    /// Which of them each parent gets. `None`: all.
    per_parent: Option<PerParent>,
}

/// A column that says to which key a row belongs.
struct KeyColumn {
    sql: String,
    /// What it is read with.
    cast: &'static str,
}

impl KeyColumn {
    fn new(of: Alias, name: impl std::fmt::Display, cast: &'static str) -> Self {
        Self {
            sql: format!("{of}.{name}"),
            cast,
        }
    }
}

impl<'a> Source<'a> {
    fn of(node: &'a RelationNode<'a>, from: KeyFrom<'a>) -> Self {
        let relation = node.relation;
        let parents = at(relation.parent, relation.parent_columns);
        let keys = match &relation.link {
            None => at(relation.target, relation.target_columns),
            // A link's columns have the types of the keys that they refer to.
            Some(_) => parents.clone(),
        };
        let same_bytes = |key: &&ColumnDef| key.ty.equal_means_same_bytes();
        let per_parent = PerParent::of(node.select);
        let by_value = keys.len() == 1
            && keys.iter().chain(&parents).all(same_bytes)
            && per_parent != Some(PerParent::Lateral);
        Self {
            node,
            from,
            keys,
            by_value,
            per_parent,
        }
    }

    /// The columns that hold the parent's key, and what they are columns of.
    fn keyed(&self, table: Alias) -> (Alias, Vec<&'static str>) {
        let relation = self.node.relation;
        match &relation.link {
            None => (
                table,
                names(relation.target, relation.target_columns).collect(),
            ),
            Some(link) => (Alias::Link, link.parent_columns.to_vec()),
        }
    }

    /// Whether the key is a column of the target, which is read anyway.
    fn target_has_key(&self) -> bool {
        self.by_value && self.node.relation.link.is_none()
    }

    /// The columns that say to which key a row belongs.
    fn key(&self, table: Alias) -> Vec<KeyColumn> {
        match self.per_parent {
            Some(PerParent::Window) => self.numbered_key(table),
            Some(PerParent::Lateral) | None => self.found_key(table),
        }
    }

    /// The same, where the rows are found.
    fn found_key(&self, table: Alias) -> Vec<KeyColumn> {
        if self.by_value {
            let (keyed, columns) = self.keyed(table);
            let cast = self.keys[0].ty.select_cast();
            return vec![KeyColumn::new(keyed, Name(columns[0]), cast)];
        }
        match self.from {
            KeyFrom::Parameters => vec![KeyColumn::new(Alias::Keys, "n", "")],
            KeyFrom::Query(_) => {
                let relation = self.node.relation;
                let parents = at(relation.parent, relation.parent_columns);
                let parts = parents.iter().enumerate();
                parts
                    .map(|(position, key)| {
                        let name = format!("c{position}");
                        KeyColumn::new(Alias::Keys, name, key.ty.select_cast())
                    })
                    .collect()
            }
        }
    }

    /// Writes the FROM clause, up to where joins can follow.
    fn rows(&self, writer: &mut Writer, table: Alias) {
        writer.push(" FROM ");
        match self.per_parent {
            None => self.found(writer, table),
            Some(PerParent::Lateral) => self.looked_up(writer, table),
            Some(PerParent::Window) => self.numbered(writer, table),
        }
    }

    /// Writes the WHERE clause.
    fn conditions(&self, writer: &mut Writer, table: Alias) {
        match self.per_parent {
            None => self.found_conditions(writer, table),
            // They are where the rows of each parent are looked up.
            Some(PerParent::Lateral) => {}
            Some(PerParent::Window) => self.kept_numbers(writer, table),
        }
    }

    /// Writes the ORDER BY clause.
    fn order(&self, writer: &mut Writer, table: Alias) {
        let relation = self.node.relation;
        match (self.per_parent, relation.kind) {
            (Some(_), _) => self.order_by_number(writer, table),
            (None, RelationKind::HasMany | RelationKind::ManyToMany) => {
                order(writer, relation.target, self.node.select, Place::of(table));
            }
            // Of targets of which each parent has one, the order says nothing.
            (None, RelationKind::HasOne | RelationKind::BelongsTo) => {}
        }
    }

    /// Writes the tables where the rows of all keys are found.
    fn found(&self, writer: &mut Writer, table: Alias) {
        if !self.by_value {
            self.key_table(writer, table);
            writer.push(" JOIN ");
        }
        self.target(writer, table, |writer, keyed, columns| {
            if !self.by_value {
                writer.push(" ON ");
                on_keys(writer, keyed, columns);
            }
        });
    }

    /// Writes the target's table, with the link's before it. `on` writes how they are joined to the keys.
    fn target(
        &self,
        writer: &mut Writer,
        table: Alias,
        on: impl FnOnce(&mut Writer, Alias, &[&'static str]),
    ) {
        let relation = self.node.relation;
        let (keyed, key_columns) = self.keyed(table);
        let target = Table::of(relation.target);
        match &relation.link {
            None => {
                writer.write(format_args!("{target} AS {table}"));
                on(writer, keyed, &key_columns);
            }
            Some(link) => {
                let link_table = Table(link.schema, link.table);
                writer.write(format_args!("{link_table} AS {}", Alias::Link));
                on(writer, keyed, &key_columns);
                writer.write(format_args!(" JOIN {target} AS {table} ON "));
                let target_columns = names(relation.target, relation.target_columns);
                let link_columns = link.target_columns.iter().copied();
                on_key(writer, table, target_columns, Alias::Link, link_columns);
            }
        }
    }

    /// Writes the conditions under which they are found.
    fn found_conditions(&self, writer: &mut Writer, table: Alias) {
        let select = self.node.select;
        if !self.by_value {
            conditions(writer, select, Place::of(table), " WHERE ");
            return;
        }
        let (keyed, key_columns) = self.keyed(table);
        writer.write(format_args!(" WHERE {keyed}.{}", Name(key_columns[0])));
        match self.from {
            KeyFrom::Parameters => {
                writer.push(" = ANY(");
                writer.parameter(1, self.keys[0].ty.array());
                writer.push(")");
            }
            KeyFrom::Query(origin) => {
                let (lead, end) = match origin.is_small_page() {
                    true => (" = ANY(ARRAY(SELECT ", "))"),
                    false => (" IN (SELECT ", ")"),
                };
                writer.push(lead);
                origin.keys(writer, self.node.relation.parent_columns, false);
                writer.push(end);
            }
        }
        conditions(writer, select, Place::of(table), " AND ");
    }

    /// Writes the keys as a table: `unnest(..) WITH ORDINALITY AS k(c0, n)`, or `(SELECT DISTINCT ..) AS k(c0)`.
    fn key_table(&self, writer: &mut Writer, table: Alias) {
        let relation = self.node.relation;
        let names = |writer: &mut Writer| {
            for position in 0..self.keys.len() {
                writer.separate(position);
                writer.write(format_args!("c{position}"));
            }
        };
        match self.from {
            KeyFrom::Parameters => {
                let key_table = match &relation.link {
                    None => Table::of(relation.target),
                    Some(link) => Table(link.schema, link.table),
                };
                let (_, key_columns) = self.keyed(table);
                writer.push("unnest(");
                for (position, (key, column)) in self.keys.iter().zip(key_columns).enumerate() {
                    writer.separate(position);
                    writer.key_array(position + 1, key.ty, &key_table, column);
                }
                writer.write(format_args!(") WITH ORDINALITY AS {}(", Alias::Keys));
                names(writer);
                writer.push(", n)");
            }
            KeyFrom::Query(origin) => {
                writer.push("(SELECT DISTINCT ");
                // DISTINCT takes no order by what is not selected, and a page is one of ordered parents.
                let is_page = origin.is_page();
                if is_page {
                    writer.push("* FROM (SELECT ");
                }
                origin.keys(writer, relation.parent_columns, true);
                if is_page {
                    writer.push(") AS q");
                }
                writer.write(format_args!(") AS {}(", Alias::Keys));
                names(writer);
                // All columns are named: one of the table may be called as a part of the key is here.
                let parents = at(relation.parent, relation.parent_columns);
                for (position, _) in ambiguous(&parents) {
                    writer.write(format_args!(", d{position}"));
                }
                writer.push(")");
            }
        }
    }
}

/// The parts of a key that can be equal without being the same, with their positions.
pub(super) fn ambiguous<'k>(
    key: &'k [&'static ColumnDef],
) -> impl Iterator<Item = (usize, &'static ColumnDef)> + use<'k> {
    key.iter()
        .copied()
        .enumerate()
        .filter(|(_, column)| !column.ty.equal_means_same_bytes())
}

pub(super) fn at(def: &'static EntityDef, positions: &[usize]) -> Vec<&'static ColumnDef> {
    positions
        .iter()
        .map(|&position| &def.columns[position])
        .collect()
}

/// `t0.order_id = k.c0 AND t0.line = k.c1`.
pub(super) fn on_keys(writer: &mut Writer, keyed: Alias, key_columns: &[&str]) {
    for (position, column) in key_columns.iter().enumerate() {
        if position > 0 {
            writer.push(" AND ");
        }
        writer.write(format_args!(
            "{keyed}.{} = {}.c{position}",
            Name(column),
            Alias::Keys
        ));
    }
}

/// The statements of all loads in a tree that take their keys as parameters.
pub(crate) fn loads(nodes: &[Option<Node<'_>>], scopes: &Scopes) -> Vec<String> {
    let mut statements = Vec::new();
    collect_loads(nodes, scopes, &mut statements);
    statements
}

fn collect_loads(nodes: &[Option<Node<'_>>], scopes: &Scopes, statements: &mut Vec<String>) {
    for node in relations(nodes) {
        if !node.is_joined() {
            let children = children(node, KeyFrom::Parameters, scopes);
            statements.push(children.select.sql.text);
        }
        collect_loads(&node.slots, scopes, statements);
    }
}
