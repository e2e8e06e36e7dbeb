//! The statement of a recursive load: a relation of an entity to itself, followed to its end.

use crate::bind::Bind;
use crate::entity::ColumnDef;
use crate::load::{Recursion, RelationNode};
use crate::relation::RelationKind;
use crate::scope::Scopes;
use crate::sql::children::{Children, KeyFrom, KeySource, Origin, at};
use crate::sql::join::{Output, joins, names};
use crate::sql::select::{Place, conditions, finish, order};
use crate::sql::writer::{Alias, Name, Table, Writer};

/// The name of the rows that are found so far. No table of a user is called so.
const FOUND: Name<'_> = Name("unlazy tree");

/// No limit, but the planner does not see that. It takes a search to find a hundred times as many rows as it begins with, and
/// would read whole tables at each level. An unknown limit lets it expect a tenth of the keys, and `(SELECT $1)` that
/// there are few of them.
const ANY_NUMBER: &str = " LIMIT (SELECT NULL::int8)";

/// A longer way up is left to the client to end: with cyclic data the server would go round until it has counted so far.
const COUNTED_UP: u32 = 1_000;

/// Below, `$1` are the distinct keys of the parents, as in [`children`](super::children()).
///
/// For `has_many` the rows below each parent. `r0` is the key of the parent, the root of the tree; `c0` that of a row in
/// its tree, and `a0` that of the row directly above it, which the root itself has not:
///
/// ```sql
/// WITH RECURSIVE "unlazy tree"(r0, c0, a0) AS (
///     SELECT k.c0, k.c0, nullif(k.c0, k.c0) FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT ..) AS k(c0)
///     UNION
///     SELECT r.r0, t1.id, r.c0 FROM "unlazy tree" AS r JOIN tasks AS t1 ON t1.parent_id = r.c0 WHERE t1.open)
/// SELECT r.r0, r.a0, t0.id, .. FROM "unlazy tree" AS r JOIN tasks AS t0 ON t0.id = r.c0
/// WHERE r.a0 IS NOT NULL ORDER BY t0.title, t0.id
/// ```
///
/// UNION drops rows that are there already, so that cyclic data ends too: the root then is a row of its own tree. A limit
/// of levels makes the rows of each round different; there a root that is found again leads no further.
///
/// For `belongs_to` the rows above all parents together. `c0` is a key that one of them refers to:
///
/// ```sql
/// WITH RECURSIVE "unlazy tree"(c0) AS (
///     SELECT k.c0 FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT ..) AS k(c0)
///     UNION
///     SELECT t1.parent_id FROM "unlazy tree" AS r JOIN tasks AS t1 ON t1.id = r.c0)
/// SELECT t0.id, .. FROM "unlazy tree" AS r JOIN tasks AS t0 ON t0.id = r.c0
/// ```
pub(super) fn children(
    node: &RelationNode<'_>,
    recursion: Recursion,
    from: KeyFrom<'_>,
    scopes: &Scopes,
) -> Children {
    let search = Search::new(node, recursion);
    let bound = match from {
        KeyFrom::Parameters => search.key.len(),
        KeyFrom::Query(_) => 0,
    };
    let mut writer = Writer::reserving(bound, scopes);
    let table = writer.next_alias();
    search.with(&mut writer, from);
    let with = writer.take();

    let target = node.relation.target;
    let mut output = Output::default();
    let parts = search.key.len();
    let mut key: Vec<usize> = (0..parts).collect();
    let mut above = Vec::new();
    if search.goes_down {
        search.output(&mut output, "r");
        search.output(&mut output, "a");
        above = (parts..2 * parts).collect();
    } else if search.ambiguous().next().is_some() {
        search.output(&mut output, "c");
    } else {
        // The key that led to a row is its own, which is read anyway.
        key = target.key.to_vec();
    }
    let target_at = output.entity(target, table);
    writer.push(" FROM ");
    if search.finds_keys_again() {
        search.distinct(&mut writer);
    } else {
        writer.write(format_args!("{FOUND}"));
    }
    search.target(&mut writer, table);
    joins(&mut writer, &mut output, table, target, &node.slots);
    search.conditions(&mut writer, table);
    if search.goes_down {
        order(&mut writer, target, node.select, Place::of(table));
    }
    let mut select = finish(writer, output);
    select.sql.text.insert_str(0, &with);
    Children {
        select,
        keys: bound,
        key_source: KeySource::Parts(key),
        above,
        target_at,
    }
}

/// Writes what a recursive load finds, as the parents of the loads below it: `FROM (WITH RECURSIVE ..) AS r JOIN ..`, with
/// what `joins` writes before the WHERE clause.
pub(super) fn rows(
    writer: &mut Writer,
    node: &RelationNode<'_>,
    recursion: Recursion,
    parents: &Origin<'_>,
    table: Alias,
    joins: impl FnOnce(&mut Writer),
) {
    let search = Search::new(node, recursion);
    writer.push(" FROM (");
    search.with(writer, KeyFrom::Query(parents));
    writer.write(format_args!("SELECT * FROM {FOUND})"));
    search.target(writer, table);
    joins(writer);
    search.conditions(writer, table);
}

/// A column of the rows that are found: its name, its value in the first rows, and in those that are found from others.
struct Column {
    name: String,
    first: String,
    next: String,
}

impl Column {
    fn new(name: impl Into<String>, first: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            first: first.into(),
            next: next.into(),
        }
    }
}

const DEPTH: &str = "depth";

/// The search of a recursive load.
struct Search<'a> {
    node: &'a RelationNode<'a>,
    /// Down, from each parent by itself. Otherwise up, from all of them together.
    goes_down: bool,
    /// The most levels that the server counts.
    depth: Option<u32>,
    /// The columns whose values are followed: the primary key on the way down, the foreign key on the way up.
    key: Vec<&'static ColumnDef>,
}

impl<'a> Search<'a> {
    fn new(node: &'a RelationNode<'a>, recursion: Recursion) -> Self {
        let relation = node.relation;
        let goes_down = relation.kind != RelationKind::BelongsTo;
        let counted = |depth: &u32| goes_down || *depth <= COUNTED_UP;
        Self {
            node,
            goes_down,
            depth: recursion.depth.filter(counted),
            key: at(relation.parent, relation.parent_columns),
        }
    }

    /// The positions of those parts of the key that can be equal without being the same. They get a column with their
    /// text, so that UNION tells them apart.
    fn ambiguous(&self) -> impl Iterator<Item = usize> {
        let key = self.key.iter().enumerate();
        key.filter(|(_, column)| !column.ty.equal_means_same_bytes())
            .map(|(part, _)| part)
    }

    /// Whether one key may be found at several levels.
    fn finds_keys_again(&self) -> bool {
        !self.goes_down && self.depth.is_some()
    }

    /// The columns of the rows that are found; `table` is that of the next ones.
    fn columns(&self, table: Alias) -> Vec<Column> {
        let (keys, found) = (Alias::Keys, Alias::Found);
        let parts = || self.key.iter().enumerate();
        let mut columns = Vec::new();
        if self.goes_down {
            for (part, _) in parts() {
                let name = format!("r{part}");
                let next = format!("{found}.{name}");
                columns.push(Column::new(name, format!("{keys}.c{part}"), next));
            }
        }
        for part in self.ambiguous() {
            let next = if self.goes_down {
                format!("{found}.x{part}")
            } else {
                format!("concat({table}.{})", Name(self.key[part].name))
            };
            let first = format!("concat({keys}.c{part})");
            columns.push(Column::new(format!("x{part}"), first, next));
        }
        for (part, column) in parts() {
            let next = format!("{table}.{}", Name(column.name));
            let first = format!("{keys}.c{part}");
            columns.push(Column::new(format!("c{part}"), first, next));
        }
        if self.goes_down {
            for (part, _) in parts() {
                // NULL, of the key's type.
                let first = format!("nullif({keys}.c{part}, {keys}.c{part})");
                let next = format!("{found}.c{part}");
                columns.push(Column::new(format!("a{part}"), first, next));
            }
        }
        if self.depth.is_some() {
            let first = if self.goes_down { "0::int8" } else { "1::int8" };
            columns.push(Column::new(DEPTH, first, format!("{found}.{DEPTH} + 1")));
        }
        columns
    }

    /// Writes `WITH RECURSIVE "unlazy tree"(..) AS (..) `.
    fn with(&self, writer: &mut Writer, from: KeyFrom<'_>) {
        let relation = self.node.relation;
        let table = writer.next_alias();
        let columns = self.columns(table);
        let list = |writer: &mut Writer, text: fn(&Column) -> &str| {
            for (position, column) in columns.iter().enumerate() {
                writer.separate(position);
                writer.push(text(column));
            }
        };
        writer.write(format_args!("WITH RECURSIVE {FOUND}("));
        list(writer, |column| &column.name);
        writer.push(") AS (SELECT ");
        list(writer, |column| &column.first);
        writer.push(" FROM ");
        self.keys(writer, from);
        writer.push(" UNION SELECT ");
        list(writer, |column| &column.next);
        writer.write(format_args!(
            " FROM {FOUND} AS {} JOIN {} AS {table} ON ",
            Alias::Found,
            Table::of(relation.target)
        ));
        let columns = names(relation.target, relation.target_columns);
        on_found(writer, table, columns);
        let lead = match self.depth {
            Some(depth) => {
                self.goes_on(writer, depth);
                " AND "
            }
            None => " WHERE ",
        };
        conditions(writer, self.node.select, Place::of(table), lead);
        writer.push(") ");
    }

    /// Writes the keys that the search begins with, as a table.
    fn keys(&self, writer: &mut Writer, from: KeyFrom<'_>) {
        let relation = self.node.relation;
        writer.push("(SELECT * FROM ");
        match from {
            KeyFrom::Parameters => {
                writer.push("unnest(");
                for (part, column) in self.key.iter().enumerate() {
                    writer.separate(part);
                    writer.push("(SELECT ");
                    let table = Table::of(relation.parent);
                    writer.key_array(part + 1, column.ty, &table, column.name);
                    writer.push(")");
                }
                writer.push(")");
            }
            KeyFrom::Query(origin) => {
                let (before, after) = if self.key.len() == 1 {
                    ("unnest(ARRAY(SELECT ", "))")
                } else {
                    ("(SELECT ", ") AS q")
                };
                writer.push(before);
                origin.keys(writer, relation.parent_columns, false);
                writer.push(after);
            }
        }
        writer.write(format_args!("{ANY_NUMBER}) AS {}(", Alias::Keys));
        for part in 0..self.key.len() {
            writer.separate(part);
            writer.write(format_args!("c{part}"));
        }
        writer.push(")");
    }

    /// Writes the condition under which a row leads further: ` WHERE r.depth < $2`. The root does so only where it is not
    /// found again.
    fn goes_on(&self, writer: &mut Writer, depth: u32) {
        let found = Alias::Found;
        writer.write(format_args!(" WHERE {found}.{DEPTH} < "));
        writer.bind(&Bind::new(i64::from(depth)));
        if self.goes_down {
            let row = |name: char| {
                let parts = (0..self.key.len()).map(|part| format!("{found}.{name}{part}"));
                let row = parts.collect::<Vec<_>>().join(", ");
                if self.key.len() == 1 {
                    row
                } else {
                    format!("({row})")
                }
            };
            let (key, root) = (row('c'), row('r'));
            writer.write(format_args!(
                " AND ({found}.{DEPTH} = 0 OR {key} <> {root})"
            ));
        }
    }

    /// Writes ` AS r JOIN tasks AS t0 ON t0.id = r.c0`.
    fn target(&self, writer: &mut Writer, table: Alias) {
        let target = self.node.relation.target;
        writer.write(format_args!(
            " AS {} JOIN {} AS {table} ON ",
            Alias::Found,
            Table::of(target)
        ));
        on_found(writer, table, names(target, target.key));
    }

    /// Writes the WHERE clause of what is read in the end. On the way down the conditions hold for all that is found.
    fn conditions(&self, writer: &mut Writer, table: Alias) {
        if self.goes_down {
            writer.write(format_args!(" WHERE {}.a0 IS NOT NULL", Alias::Found));
        } else {
            conditions(writer, self.node.select, Place::of(table), " WHERE ");
        }
    }

    /// Writes the keys without the levels at which they are found.
    fn distinct(&self, writer: &mut Writer) {
        writer.push("(SELECT DISTINCT ");
        for part in self.ambiguous() {
            writer.write(format_args!("x{part}, "));
        }
        for part in 0..self.key.len() {
            writer.separate(part);
            writer.write(format_args!("c{part}"));
        }
        writer.write(format_args!(" FROM {FOUND})"));
    }

    /// Adds the parts of a key to what is read.
    fn output(&self, output: &mut Output, name: &str) {
        for (part, column) in self.key.iter().enumerate() {
            let cast = column.ty.select_cast();
            output.column(format_args!("{}.{name}{part}{cast}", Alias::Found));
        }
    }
}

/// Writes `t1.order_id = r.c0 AND t1.line = r.c1`.
fn on_found<'a>(writer: &mut Writer, table: Alias, columns: impl Iterator<Item = &'a str>) {
    for (part, column) in columns.enumerate() {
        if part > 0 {
            writer.push(" AND ");
        }
        let column = Name(column);
        writer.write(format_args!("{table}.{column} = {}.c{part}", Alias::Found));
    }
}
