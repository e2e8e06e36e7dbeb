//! The statement that inserts rows.

use std::sync::Arc;

use crate::bind::Bind;
use crate::entity::{ColumnDef, Entity, EntityDef};
use crate::scope::Scopes;
use crate::sql::{Alias, Name, SelectSql, Table, Writer};
use crate::value::Value;
use crate::write::array_column::array_column;
use crate::write::assign::{Assign, Assignments};
use crate::write::rows::{NewRow, Rows, cell, column_array, rows};
use crate::write::statement::Wanted;

/// New rows and what is set in all of them, without the entity's type.
#[derive(Debug, Clone)]
pub(super) struct NewRows {
    def: &'static EntityDef,
    /// The columns of which each row has a value.
    columns: &'static [usize],
    rows: Arc<dyn Rows>,
    set: Assignments,
}

/// A column of which each row has a value of its own.
struct OwnColumn {
    /// Its place in [`NewRow::COLUMNS`].
    place: usize,
    def: &'static ColumnDef,
}

impl NewRows {
    pub(super) fn new<E: Entity, N: NewRow<E>>(new: impl IntoIterator<Item = N>) -> Self {
        Self {
            def: E::DEF,
            columns: N::COLUMNS,
            rows: rows(new),
            set: Assignments::default(),
        }
    }

    pub(super) fn set<T>(&mut self, column: &'static ColumnDef, value: impl Assign<(), T>) {
        self.set.set(column, value.into_assigned(column.ty));
    }

    pub(super) fn sql(&self, wanted: Wanted<'_>, scopes: &Scopes) -> Option<SelectSql> {
        self.sql_with(wanted, scopes, |_, _| {})
    }

    /// The statement, with what `clause` writes behind the rows.
    pub(super) fn sql_with(
        &self,
        wanted: Wanted<'_>,
        scopes: &Scopes,
        clause: impl FnOnce(&mut Writer, Alias),
    ) -> Option<SelectSql> {
        if self.rows.len() == 0 {
            return None;
        }
        let mut writer = Writer::new(scopes);
        let table = writer.next_alias();
        self.write(&mut writer, table);
        clause(&mut writer, table);
        Some(wanted.of(writer, table))
    }

    /// All columns that are set, in the order in which they are written.
    pub(super) fn columns(&self) -> Vec<&'static ColumnDef> {
        let own = self.own_columns().into_iter().map(|column| column.def);
        own.chain(self.set.iter().map(|(column, _)| *column))
            .collect()
    }

    fn own_columns(&self) -> Vec<OwnColumn> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(place, &position)| OwnColumn {
                place,
                def: &self.def.columns[position],
            })
            .filter(|column| !self.set.contains(column.def))
            .collect()
    }
}

/// How the rows are written:
///
/// - one row: `VALUES ($1, $2)`
/// - several: `SELECT * FROM unnest($1::text[], $2::int8[])`, one array for each column, so that the statement is the
///   same for any number of rows
impl NewRows {
    fn write(&self, writer: &mut Writer, table: Alias) {
        writer.write(format_args!(
            "INSERT INTO {} AS {table}",
            Table::of(self.def)
        ));
        let own = self.own_columns();
        let columns = self.columns();
        if !columns.is_empty() {
            writer.push(" (");
            for (position, column) in columns.iter().enumerate() {
                writer.separate(position);
                writer.name(column.name);
            }
            writer.push(")");
        }
        if columns.iter().any(|column| column.generated) {
            writer.push(" OVERRIDING SYSTEM VALUE");
        }
        if own.is_empty() {
            self.write_series(writer);
        } else if self.rows.len() == 1 {
            self.write_values(writer, &own);
        } else if own.iter().any(|column| column.def.ty.is_array()) {
            self.write_unnest_with_arrays(writer, &own);
        } else {
            self.write_unnest(writer, &own);
        }
    }

    /// Rows that are all the same: ` SELECT $1 FROM generate_series(1, $2::int8)`.
    fn write_series(&self, writer: &mut Writer) {
        writer.push(" SELECT");
        self.write_set(writer, " ");
        writer.push(" FROM generate_series(1, ");
        writer.bind(&Bind::new(self.rows.len() as i64));
        writer.push("::int8)");
    }

    /// ` VALUES ($1, $2)`.
    fn write_values(&self, writer: &mut Writer, own: &[OwnColumn]) {
        writer.push(" VALUES (");
        for (position, column) in own.iter().enumerate() {
            writer.separate(position);
            writer.bind(&Bind {
                value: cell(&self.rows, column.place),
                ty: column.def.ty,
            });
        }
        self.write_set(writer, ", ");
        writer.push(")");
    }

    /// ` SELECT * FROM unnest($1::text[], $2::int8[])`.
    fn write_unnest(&self, writer: &mut Writer, own: &[OwnColumn]) {
        writer.push(" SELECT *");
        self.write_set(writer, ", ");
        writer.push(" FROM unnest(");
        for (position, column) in own.iter().enumerate() {
            writer.separate(position);
            self.write_array(writer, column);
        }
        writer.push(")");
    }

    /// `$1::int8[]`. Some Rust types are those of several PostgreSQL types, between which a cast loses something: there it is an
    /// array of the column's own.
    fn write_array(&self, writer: &mut Writer, column: &OwnColumn) {
        let number = writer.add(column_array(&self.rows, column.place));
        if column.def.ty.is_one_of_several() {
            writer.array_of_column(number, &Table::of(self.def), column.def.name);
        } else {
            writer.array_parameter(number, column.def.ty);
        }
    }

    /// `unnest` takes arrays apart down to their last elements. So of a column of arrays it gets their lengths, and the
    /// elements of all of them, each with the number of its row, are put together again:
    ///
    /// ```sql
    /// SELECT k.c0, CASE k.c1 WHEN 0 THEN '{}' ELSE a1.a END
    /// FROM unnest($1::text[], $3::int4[]) WITH ORDINALITY AS k(c0, c1, n)
    /// LEFT JOIN (SELECT r, array_agg(v ORDER BY n) AS a
    ///     FROM unnest($2::text[], $4::int8[]) WITH ORDINALITY AS e(v, r, n) GROUP BY r) AS a1 ON a1.r = k.n
    /// ORDER BY k.n
    /// ```
    fn write_unnest_with_arrays(&self, writer: &mut Writer, own: &[OwnColumn]) {
        let mut arrays = Vec::new();
        writer.push(" SELECT ");
        for (number, column) in own.iter().enumerate() {
            writer.separate(number);
            if column.def.ty.is_array() {
                writer.write(format_args!(
                    "CASE k.c{number} WHEN 0 THEN '{{}}' ELSE a{number}.a END"
                ));
            } else {
                writer.write(format_args!("k.c{number}"));
            }
        }
        self.write_set(writer, ", ");
        writer.push(" FROM unnest(");
        for (number, column) in own.iter().enumerate() {
            writer.separate(number);
            if column.def.ty.is_array() {
                let array = array_column(&self.rows, column.place);
                let elements = writer.add(array.elements);
                writer.array(i32::TYPE, array.lengths);
                arrays.push((number, column.def, elements, array.owners));
            } else {
                self.write_array(writer, column);
            }
        }
        writer.push(") WITH ORDINALITY AS k(");
        for number in 0..own.len() {
            writer.write(format_args!("c{number}, "));
        }
        writer.push("n)");
        for (number, column, elements, owners) in arrays {
            writer.push(" LEFT JOIN (SELECT r, array_agg(v ORDER BY n) AS a FROM unnest(");
            if column.ty.is_one_of_several() {
                let (table, column) = (Table::of(self.def), Name(column.name));
                writer.write(format_args!(
                    "coalesce(${elements}, (SELECT {column} FROM {table} LIMIT 0))"
                ));
            } else {
                writer.array_parameter(elements, column.ty);
            }
            writer.push(", ");
            writer.array(i64::TYPE, owners);
            writer.write(format_args!(
                ") WITH ORDINALITY AS e(v, r, n) GROUP BY r) AS a{number} ON a{number}.r = k.n"
            ));
        }
        writer.push(" ORDER BY k.n");
    }

    /// What is set in all rows; the first value after `lead`.
    fn write_set(&self, writer: &mut Writer, lead: &str) {
        for (position, (_, value)) in self.set.iter().enumerate() {
            writer.push(if position == 0 { lead } else { ", " });
            writer.expr(value, Alias::Unqualified);
        }
    }
}
