//! The statements that add and remove rows of a link table.
//!
//! All keys are arrays, so that the text of a statement does not depend on their number.

use std::sync::Arc;

use crate::bind::{Bind, BindArray, Parameter};
use crate::entity::{ColumnDef, KeyBinds};
use crate::relation::{LinkDef, RelationDef};
use crate::scope::Scopes;
use crate::select::{Scoped, Select};
use crate::sql::{self, Alias, Name, Place, Sql, Table, Writer};
use crate::value::PgType;

/// A primary key, one value for each of its columns.
pub(super) type Key = KeyBinds;

/// The links of a many-to-many relation.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkRows {
    relation: &'static RelationDef,
    link: &'static LinkDef,
    /// Whether link rows that scopes hide are there too.
    unscoped: bool,
}

/// Parameters that are arrays, one for each column of a key, by their numbers.
struct KeyArrays {
    columns: &'static [&'static str],
    types: Vec<PgType>,
    numbers: Vec<usize>,
}

impl LinkRows {
    /// `None` if the relation has no link table.
    pub(super) fn of(relation: &'static RelationDef, unscoped: bool) -> Option<Self> {
        Some(Self {
            relation,
            link: relation.link.as_ref()?,
            unscoped,
        })
    }

    /// Links of rows that are new themselves: `INSERT INTO post_tags (post_id, tag_id) SELECT * FROM unnest($1::int8[],
    /// $2::int8[])`.
    pub(super) fn insert(self, parents: &[Key], targets: &[Key], scopes: &Scopes) -> Sql {
        let mut writer = Writer::new(scopes);
        let keys = self.pairs(&mut writer, parents, targets);
        self.write_insert(&mut writer, &keys);
        self.write_pairs(&mut writer, &keys);
        writer.finish()
    }

    /// Links that may be there already: `INSERT INTO post_tags (post_id, tag_id) SELECT k.c0, k.c1 FROM unnest($1::int8[],
    /// $2::int8[]) WITH ORDINALITY AS k(c0, c1, n) WHERE NOT EXISTS (..) GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT
    /// DO NOTHING`.
    pub(super) fn add(self, parents: &[Key], targets: &[Key], scopes: &Scopes) -> Sql {
        let mut writer = Writer::new(scopes);
        let keys = self.pairs(&mut writer, parents, targets);
        self.write_add(&mut writer, &keys);
        writer.finish()
    }

    /// `DELETE FROM post_tags AS l WHERE l.post_id = $1 AND l.tag_id = ANY($2::int8[])`, or without the second condition for all
    /// links of a row. Links that are deleted softly are updated.
    pub(super) fn remove(self, parent: &Key, targets: Option<&[Key]>, scopes: &Scopes) -> Sql {
        let mut writer = Writer::new(scopes);
        self.write_delete(&mut writer, parent);
        if let Some(targets) = targets {
            let targets = self.targets(&mut writer, targets);
            writer.push(" AND ");
            self.write_is_one_of(&mut writer, &targets);
        }
        writer.finish()
    }

    /// `WITH removed AS (DELETE ..), added AS (INSERT ..) SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)`.
    ///
    /// Both see the links as they were before: what is removed and what is added have nothing in common.
    pub(super) fn set(self, parent: &Key, targets: &[Key], scopes: &Scopes) -> Sql {
        let mut writer = Writer::new(scopes);
        let parents = vec![parent.clone(); targets.len()];
        let [parents, targets] = self.pairs(&mut writer, &parents, targets);
        writer.push("WITH removed AS (");
        self.write_delete(&mut writer, parent);
        writer.push(" AND NOT ");
        self.write_is_one_of(&mut writer, &targets);
        writer.push(" RETURNING 1), added AS (");
        self.write_add(&mut writer, &[parents, targets]);
        writer.push(
            " RETURNING 1) SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)",
        );
        writer.finish()
    }

    fn table(self) -> Table {
        Table(self.link.schema, self.link.table)
    }

    fn pairs(self, writer: &mut Writer, parents: &[Key], targets: &[Key]) -> [KeyArrays; 2] {
        let types = self.parent_types();
        let parents = KeyArrays::add(writer, self.link.parent_columns, types, parents);
        [parents, self.targets(writer, targets)]
    }

    fn targets(self, writer: &mut Writer, targets: &[Key]) -> KeyArrays {
        let types = key_types(self.relation.target.key_columns());
        KeyArrays::add(writer, self.link.target_columns, types, targets)
    }

    fn parent_types(self) -> Vec<PgType> {
        key_types(self.relation.parent.key_columns())
    }

    /// `INSERT INTO post_tags (post_id, tag_id)`, with what scopes say of new rows.
    fn write_insert(self, writer: &mut Writer, keys: &[KeyArrays; 2]) {
        writer.write(format_args!("INSERT INTO {} (", self.table()));
        for (position, (name, _)) in own_columns(keys).enumerate() {
            writer.separate(position);
            writer.name(name);
        }
        for (column, _) in self.scope_values(writer) {
            writer.push(", ");
            writer.name(column.name);
        }
        writer.push(") ");
    }

    /// The columns that hold the values of scopes, and those values: a new link has to be one that can be seen.
    fn scope_values(self, writer: &mut Writer) -> Vec<(&'static ColumnDef, Bind)> {
        let scopes = self.link.entity.filter(|_| !self.unscoped);
        let scopes = scopes.map_or(&[][..], |entity| entity.scopes).iter();
        let is_key = |column: &ColumnDef| {
            let LinkDef {
                parent_columns,
                target_columns,
                ..
            } = self.link;
            parent_columns.contains(&column.name) || target_columns.contains(&column.name)
        };
        scopes
            .filter_map(|scope| writer.scope_value(scope))
            .filter(|(column, _)| !is_key(column))
            .collect()
    }

    /// The values of new links, of which the keys are in `k`.
    fn write_values(self, writer: &mut Writer, keys: &[KeyArrays; 2]) {
        for (position, (_, number)) in own_columns(keys).enumerate() {
            writer.separate(position);
            writer.write(format_args!("{}.c{number}", Alias::Keys));
        }
        for (column, value) in self.scope_values(writer) {
            writer.push(", ");
            let number = writer.add(value.value);
            let cast = column.ty.select_cast();
            writer.write(format_args!("${number}{cast}::{}", column.ty));
        }
    }

    fn write_pairs(self, writer: &mut Writer, keys: &[KeyArrays; 2]) {
        writer.push("SELECT ");
        self.write_values(writer, keys);
        writer.push(" FROM ");
        write_unnest(writer, keys.iter(), &self.table());
        writer.write(format_args!(" WITH ORDINALITY AS {}(", Alias::Keys));
        for (_, number, _) in columns(keys.iter()) {
            writer.write(format_args!("c{number}, "));
        }
        writer.push("n)");
    }

    fn write_add(self, writer: &mut Writer, keys: &[KeyArrays; 2]) {
        self.write_insert(writer, keys);
        self.write_pairs(writer, keys);
        writer.write(format_args!(
            " WHERE NOT EXISTS (SELECT FROM {} AS {} WHERE ",
            self.table(),
            Alias::Link
        ));
        write_matches(writer, keys.iter());
        self.write_conditions(writer, &self.select());
        writer.push(") GROUP BY ");
        for (position, (_, number, _)) in columns(keys.iter()).enumerate() {
            writer.separate(position);
            writer.write(format_args!("{}.c{number}", Alias::Keys));
        }
        // The first ones come first, where a column of the link counts its rows.
        writer.write(format_args!(
            " ORDER BY min({}.n) ON CONFLICT DO NOTHING",
            Alias::Keys
        ));
    }

    fn write_delete(self, writer: &mut Writer, parent: &Key) {
        let link = Alias::Link;
        let mut select = self.select();
        match self
            .link
            .entity
            .and_then(|def| Some((def, def.deletion()?)))
        {
            None => writer.write(format_args!("DELETE FROM {} AS {link}", self.table())),
            Some((def, deletion)) => {
                writer.write(format_args!("UPDATE {} AS {link} SET ", self.table()));
                writer.name(deletion.column().name);
                writer.push(deletion.mark());
                writer.next_version(def, link);
                select = deletion.not_yet(select);
            }
        }
        let parts = self.link.parent_columns.iter().zip(parent);
        for (position, (column, part)) in parts.enumerate() {
            writer.push(if position == 0 { " WHERE " } else { " AND " });
            writer.write(format_args!("{link}.{} = ", Name(column)));
            writer.bind(part);
        }
        self.write_conditions(writer, &select);
    }

    /// `l.tag_id = ANY($2::int8[])`, or `EXISTS (SELECT FROM unnest($2::int8[], $3::int4[]) AS k(c0, c1) WHERE ..)`.
    fn write_is_one_of(self, writer: &mut Writer, targets: &KeyArrays) {
        let (link, table) = (Alias::Link, self.table());
        if let [column] = targets.columns {
            writer.write(format_args!("({link}.{} = ANY(", Name(column)));
            writer.key_array(targets.numbers[0], targets.types[0], &table, column);
            writer.push("))");
            return;
        }
        writer.push("EXISTS (SELECT FROM ");
        write_unnest(writer, [targets].into_iter(), &table);
        writer.write(format_args!(" AS {}(", Alias::Keys));
        for (position, (_, number, _)) in columns([targets].into_iter()).enumerate() {
            writer.separate(position);
            writer.write(format_args!("c{number}"));
        }
        writer.push(") WHERE ");
        write_matches(writer, [targets].into_iter());
        writer.push(")");
    }

    /// The links that scopes do not hide.
    fn select(self) -> Select {
        let scoped = self.link.entity.filter(|_| !self.unscoped);
        scoped.map(Select::of).unwrap_or_default()
    }

    /// Which links are meant, and what the relation's definition says about them.
    fn write_conditions(self, writer: &mut Writer, select: &Select) {
        let place = Place::of(Alias::Link);
        sql::conditions(writer, select, place, " AND ");
        if let Some(fixed) = writer.holding(self.relation.fixed.as_ref()) {
            let mut own = fixed.select();
            own.filters
                .retain(|filter| matches!(filter, Scoped::Link(_)));
            writer.within(fixed.relation(), |writer| {
                sql::conditions(writer, &own, place, " AND ");
            });
        }
    }
}

impl KeyArrays {
    fn add(
        writer: &mut Writer,
        columns: &'static [&'static str],
        types: Vec<PgType>,
        keys: &[Key],
    ) -> Self {
        let part = |position: usize| -> Parameter {
            let parts = keys.iter().map(|key| key[position].value.clone());
            Arc::new(BindArray(parts.collect()))
        };
        let numbers = (0..types.len()).map(|position| writer.add(part(position)));
        Self {
            columns,
            numbers: numbers.collect(),
            types,
        }
    }
}

fn key_types(columns: impl Iterator<Item = &'static ColumnDef>) -> Vec<PgType> {
    columns.map(|column| column.ty).collect()
}

/// The columns of several keys, each with the number that it has in `k`, and its type.
fn columns<'k>(
    keys: impl Iterator<Item = &'k KeyArrays>,
) -> impl Iterator<Item = (&'static str, usize, (usize, PgType))> {
    let columns = keys.flat_map(|keys| {
        let parameters = keys.numbers.iter().copied().zip(keys.types.iter().copied());
        keys.columns.iter().copied().zip(parameters)
    });
    columns
        .enumerate()
        .map(|(number, (name, parameter))| (name, number, parameter))
}

/// The columns of a link, and the number of each in `k`. Both keys may have a column in common.
fn own_columns(keys: &[KeyArrays; 2]) -> impl Iterator<Item = (&'static str, usize)> {
    let first = keys[0].columns;
    columns(keys.iter())
        .filter(move |(name, number, _)| *number < first.len() || !first.contains(name))
        .map(|(name, number, _)| (name, number))
}

/// `unnest($1::int8[], $2::int8[])`.
fn write_unnest<'k>(writer: &mut Writer, keys: impl Iterator<Item = &'k KeyArrays>, table: &Table) {
    writer.push("unnest(");
    for (name, number, (parameter, ty)) in columns(keys) {
        writer.separate(number);
        writer.key_array(parameter, ty, table, name);
    }
    writer.push(")");
}

/// `l.post_id = k.c0 AND l.tag_id = k.c1`.
fn write_matches<'k>(writer: &mut Writer, keys: impl Iterator<Item = &'k KeyArrays>) {
    let (link, k) = (Alias::Link, Alias::Keys);
    for (name, number, _) in columns(keys) {
        let lead = if number == 0 { "" } else { " AND " };
        writer.write(format_args!("{lead}{link}.{} = {k}.c{number}", Name(name)));
    }
}
