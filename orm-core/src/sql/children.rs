//! The statement of a load: the targets of all parents at once, found by the parents' keys.

use crate::entity::{ColumnDef, EntityDef};
use crate::load::{Node, RelationNode, relations};
use crate::relation::RelationKind;
use crate::scope::Scopes;
use crate::select::Select;
use crate::sql::SelectSql;
use crate::sql::join::{Output, columns, joins, left_join, names, on_key, read_columns};
use crate::sql::recursive;
use crate::sql::select::{Place, ROW, conditions, finish, from, limit, order};
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

/// Where a statement has the keys of the parents from.
#[derive(Clone, Copy)]
pub(crate) enum KeyFrom<'a> {
    /// From its first parameters: the distinct keys, one array for each part.
    Parameters,
    /// From the parents' own statement, as a subquery.
    Query(&'a Origin<'a>),
}

/// How the parents of a load are found.
pub(crate) enum Origin<'a> {
    /// By the query itself.
    Root {
        def: &'static EntityDef,
        select: &'a Select,
    },
    /// By a load above.
    Below {
        node: &'a RelationNode<'a>,
        parents: &'a Origin<'a>,
    },
}

/// Below, `$1` are the distinct keys of the parents, as one array; composite keys are one array for each part.
///
/// - a key of one column: `SELECT .. FROM posts AS t0 WHERE t0.author_id = ANY($1)`
/// - a composite key, or one that can be equal without being the same: `SELECT k.n, .. FROM unnest($1::int8[],
///   $2::int4[]) WITH ORDINALITY AS k(c0, c1, n) JOIN lines AS t0 ON t0.order_id = k.c0 AND t0.line = k.c1`
/// - many to many: `SELECT l.post_id, .. FROM post_tags AS l JOIN tags AS t0 ON t0.id = l.tag_id WHERE
///   l.post_id = ANY($1)`
/// - so many of each parent: `SELECT k.n, .. FROM unnest($1::int8[]) WITH ORDINALITY AS k(c0, n) CROSS JOIN LATERAL
///   (SELECT .. FROM posts AS t0 WHERE t0.author_id = k.c0 ORDER BY .. LIMIT 3) AS t0`, where the rows of the subquery are
///   numbered, so that the result can be in their order
///
/// Where the keys are those of the parents' statement, `ARRAY(SELECT ..)` stands for `$1`: PostgreSQL runs it once, and
/// uses the index on `author_id` with its result, which it often does not for `IN (SELECT ..)`. And
/// `(SELECT DISTINCT ..) AS k` stands for `unnest`.
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
    let key_columns = source.key_columns(&mut output, table);
    let target_at = output.entity(relation.target, table);
    let key_source = match (key_columns, from) {
        // The key is a column of the target, which is read anyway.
        (None, _) => KeySource::Parts(vec![target_at + relation.target_columns[0]]),
        (Some(_), KeyFrom::Parameters) if !source.by_value => KeySource::Number(0),
        (Some(columns), _) => KeySource::Parts((0..columns).collect()),
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
    if source.is_limited() {
        let key = match key_source {
            KeySource::Number(_) => "n",
            KeySource::Parts(_) => "c0",
        };
        let keys = Alias::Keys;
        writer.write(format_args!(
            " ORDER BY {keys}.{key}, {table}.{}",
            Name(ROW)
        ));
    } else if matches!(
        relation.kind,
        RelationKind::HasMany | RelationKind::ManyToMany
    ) {
        // Of targets of which each parent has one, the order says nothing.
        order(&mut writer, relation.target, node.select, Place::of(table));
    }
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
        let by_value = keys.len() == 1
            && keys.iter().chain(&parents).all(same_bytes)
            && !node.select.per_parent.is_some();
        Self {
            node,
            from,
            keys,
            by_value,
        }
    }

    fn is_limited(&self) -> bool {
        self.node.select.per_parent.is_some()
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

    /// Adds the columns that say to which key a row belongs, and returns their number. None if the target has them anyway.
    fn key_columns(&self, output: &mut Output, table: Alias) -> Option<usize> {
        if self.by_value {
            self.node.relation.link.as_ref()?;
            let (keyed, columns) = self.keyed(table);
            let cast = self.keys[0].ty.select_cast();
            output.column(format_args!("{keyed}.{}{cast}", Name(columns[0])));
            return Some(1);
        }
        match self.from {
            KeyFrom::Parameters => {
                output.column(format_args!("{}.n", Alias::Keys));
                Some(1)
            }
            KeyFrom::Query(_) => {
                let relation = self.node.relation;
                let parents = at(relation.parent, relation.parent_columns);
                for (position, key) in parents.iter().enumerate() {
                    let cast = key.ty.select_cast();
                    output.column(format_args!("{}.c{position}{cast}", Alias::Keys));
                }
                Some(parents.len())
            }
        }
    }

    /// Writes the FROM clause, up to where joins can follow.
    fn rows(&self, writer: &mut Writer, table: Alias) {
        writer.push(" FROM ");
        if !self.by_value {
            self.key_table(writer, table);
        }
        if self.is_limited() {
            self.lateral(writer, table);
            return;
        }
        if !self.by_value {
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

    /// ` CROSS JOIN LATERAL (SELECT .. WHERE t0.author_id = k.c0 .. ORDER BY .. LIMIT 3) AS t0`.
    fn lateral(&self, writer: &mut Writer, table: Alias) {
        let node = self.node;
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

    /// Writes the WHERE clause.
    fn conditions(&self, writer: &mut Writer, table: Alias) {
        let select = self.node.select;
        if self.is_limited() {
            return;
        }
        if !self.by_value {
            conditions(writer, select, Place::of(table), " WHERE ");
            return;
        }
        let (keyed, key_columns) = self.keyed(table);
        writer.write(format_args!(
            " WHERE {keyed}.{} = ANY(",
            Name(key_columns[0])
        ));
        match self.from {
            KeyFrom::Parameters => writer.parameter(1, self.keys[0].ty.array()),
            KeyFrom::Query(origin) => {
                writer.push("ARRAY(SELECT ");
                origin.keys(writer, self.node.relation.parent_columns, false);
                writer.push(")");
            }
        }
        writer.push(")");
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

impl Origin<'_> {
    /// Writes the rest of a SELECT: keys of the parents, and where they come from.
    ///
    /// Distinct keys are so by their bytes, as the client tells them apart: keys that can be equal without being the same
    /// get a column with their text. `concat` gives all of it, where a cast would cut the blanks of a `bpchar`.
    pub(super) fn keys(&self, writer: &mut Writer, key: &[usize], distinct: bool) {
        // The load whose statement the parents come with, and the joins from there.
        let mut joined = Vec::new();
        let mut anchor = self;
        while let Origin::Below { node, parents } = anchor
            && node.is_joined()
        {
            joined.push(*node);
            anchor = parents;
        }
        joined.reverse();
        let table = writer.next_alias();
        let aliases: Vec<Alias> = joined.iter().map(|_| writer.next_alias()).collect();
        let parent = aliases.last().copied().unwrap_or(table);
        let key = at(self.def(), key);
        columns(writer, parent, key.iter().copied());
        if distinct {
            for (_, column) in ambiguous(&key) {
                writer.write(format_args!(", concat({parent}.{})", Name(column.name)));
            }
        }
        let with_joins = |writer: &mut Writer| {
            let parents = std::iter::once(table).chain(aliases.iter().copied());
            for ((node, alias), parent) in joined.iter().zip(&aliases).zip(parents) {
                left_join(writer, node, parent, *alias);
            }
        };
        match anchor {
            Origin::Root { def, select } => {
                from(writer, def, select, table, false);
                with_joins(writer);
                conditions(writer, select, Place::of(table), " WHERE ");
                if select.page.is_some() {
                    order(writer, def, select, Place::of(table));
                    limit(writer, &select.page);
                }
            }
            Origin::Below { node, parents } => {
                if let Some(recursion) = node.recursion {
                    return recursive::rows(writer, node, recursion, parents, table, with_joins);
                }
                let source = Source::of(node, KeyFrom::Query(parents));
                source.rows(writer, table);
                with_joins(writer);
                source.conditions(writer, table);
            }
        }
    }

    /// Whether the rows that the keys come from are limited.
    fn is_page(&self) -> bool {
        match self {
            Self::Root { select, .. } => select.page.is_some(),
            Self::Below { node, parents } => node.is_joined() && parents.is_page(),
        }
    }

    fn def(&self) -> &'static EntityDef {
        match self {
            Self::Root { def, .. } => def,
            Self::Below { node, .. } => node.relation.target,
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
