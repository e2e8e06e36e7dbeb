//! Writes expressions, names and parameters.

use std::any::TypeId;
use std::fmt::{self, Display, Write};

use crate::bind::{Bind, Parameter};
use crate::entity::{ColumnDef, EntityDef};
use crate::expr::Expr;
use crate::fixed::Fixed;
use crate::scope::{ScopeDef, Scopes};
use crate::select::{Count, Scoped};
use crate::sql::Sql;
use crate::sql::annotations::Computed;
use crate::sql::join_once::JoinedTable;
use crate::value::{PgType, Value};

/// A table's alias in a statement: `t0` is the table that is selected from. Short and numbered, so that no name is
/// ever cut to the 63 bytes that PostgreSQL keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alias {
    Table(usize),
    Link,
    Keys,
    /// The rows that a recursive load has found.
    Found,
    /// In SQL that names its tables itself.
    Unqualified,
}

impl Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(number) => write!(f, "t{number}"),
            Self::Link => f.write_str("l"),
            Self::Keys => f.write_str("k"),
            Self::Found => f.write_str("r"),
            Self::Unqualified => Ok(()),
        }
    }
}

/// A quoted name.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (position, part) in self.0.split('"').enumerate() {
            if position > 0 {
                f.write_str("\"\"")?;
            }
            f.write_str(part)?;
        }
        f.write_char('"')
    }
}

/// A quoted table name with its schema.
pub(crate) struct Table(pub(crate) Option<&'static str>, pub(crate) &'static str);

impl Table {
    pub(crate) fn of(def: &EntityDef) -> Self {
        Self(def.schema, def.table)
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = self.0 {
            write!(f, "{}.", Name(schema))?;
        }
        write!(f, "{}", Name(self.1))
    }
}

/// SQL text in the making, with its parameters.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    parameters: Vec<Parameter>,
    /// Parameters that are bound before those of the writer, such as the keys of a load.
    reserved: usize,
    tables: usize,
    /// The relations and entities whose own conditions are being written.
    within: Vec<TypeId>,
    /// The pieces of the user's own SQL.
    pub(super) own_sql: Vec<&'static str>,
    /// Whether floating-point numbers are added.
    pub(super) is_rounded: bool,
    scopes: Scopes,
    missing_scope: Option<&'static ScopeDef>,
    /// The relations that are joined.
    pub(super) joined: Vec<JoinedTable>,
    /// The values that the output has already.
    pub(super) computed: Vec<Computed>,
}

impl Writer {
    pub(crate) fn new(scopes: &Scopes) -> Self {
        Self::reserving(0, scopes)
    }

    /// A writer whose first parameter has the number after the reserved ones.
    pub(crate) fn reserving(parameters: usize, scopes: &Scopes) -> Self {
        Self {
            reserved: parameters,
            scopes: scopes.clone(),
            ..Self::default()
        }
    }

    pub(crate) fn finish(self) -> Sql {
        Sql {
            text: self.text,
            parameters: self.parameters,
            missing_scope: self.missing_scope,
            depends_on_data: false,
        }
    }

    pub(crate) fn next_alias(&mut self) -> Alias {
        self.tables += 1;
        Alias::Table(self.tables - 1)
    }

    /// Writes a condition that is a part of this relation or entity.
    pub(crate) fn within(&mut self, whole: TypeId, write: impl FnOnce(&mut Self)) {
        self.within.push(whole);
        write(self);
        self.within.pop();
    }

    /// Whether a filter is to be written.
    pub(crate) fn holds(&self, filter: &Scoped<Expr>) -> bool {
        let (Scoped::Entity(filter) | Scoped::Link(filter)) = filter;
        match filter {
            Expr::Scope(scope) => scope.holds(&self.scopes, &self.within),
            _ => true,
        }
    }

    /// The condition of a scope. Without its value the statement is never sent.
    pub(crate) fn scope(&mut self, scope: &'static ScopeDef, alias: Alias) {
        match scope.condition(&self.scopes) {
            Some(condition) => self.within(scope.entity(), |writer| {
                writer.conjunct(&condition, alias);
            }),
            None => self.missing_scope = Some(scope),
        }
    }

    /// The column that a new row has a scope's value in, and that value, if the scope has one and holds. Without its value the
    /// statement is never sent.
    pub(crate) fn scope_value(
        &mut self,
        scope: &'static ScopeDef,
    ) -> Option<(&'static ColumnDef, Bind)> {
        let column = scope.column()?;
        if !scope.holds(&self.scopes, &self.within) {
            return None;
        }
        let value = scope.value(&self.scopes);
        if value.is_none() {
            self.missing_scope = Some(scope);
        }
        Some((column, value?))
    }

    /// What a relation's definition adds, if it is to be written: a condition that leads back to what it is a part of would
    /// have no end.
    pub(crate) fn holding(&self, fixed: Option<&'static Fixed>) -> Option<&'static Fixed> {
        fixed.filter(|fixed| !self.within.contains(&fixed.relation()))
    }

    /// Writes a piece of the user's own SQL.
    pub(crate) fn push_own(&mut self, text: &'static str) {
        self.own_sql.push(text);
        self.push(text);
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(text);
    }

    /// Puts text before everything that is written: the list of columns is known only after the joins.
    pub(crate) fn prepend(&mut self, text: &str) {
        self.text.insert_str(0, text);
    }

    /// What is written, on its own.
    pub(crate) fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let start = self.text.len();
        write(self);
        self.text.split_off(start)
    }

    /// Takes out what is written so far, to be put before what is still to come.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub(crate) fn bind(&mut self, bind: &Bind) {
        let number = self.add(bind.value.clone());
        self.parameter(number, bind.ty);
    }

    /// A number of rows, as a parameter.
    pub(crate) fn count(&mut self, count: &Count) {
        let number = self.add(count.parameter().clone());
        self.parameter(number, i64::TYPE);
    }

    /// Takes a parameter and says its number.
    pub(crate) fn add(&mut self, parameter: Parameter) -> usize {
        self.parameters.push(parameter);
        self.reserved + self.parameters.len()
    }

    /// `$1`, or for an enum `$1::text::mood`.
    pub(crate) fn parameter(&mut self, number: usize, ty: PgType) {
        self.write(format_args!("${number}"));
        if ty.parameters_need_cast() {
            self.write(format_args!("{}::{ty}", ty.select_cast()));
        }
    }

    /// `$1::int8[]`: many values of one type as one parameter.
    pub(crate) fn array(&mut self, ty: PgType, values: Parameter) {
        let number = self.add(values);
        self.array_parameter(number, ty);
    }

    pub(crate) fn array_parameter(&mut self, number: usize, ty: PgType) {
        let array = ty.array();
        self.write(format_args!("${number}{}::{array}", array.select_cast()));
    }

    /// An array of keys for `unnest`, which does not tell the server their type: `$1::int8[]`.
    ///
    /// A `String` may be text, `citext` or `char(5)`, and the key must be compared as the column is. So there the server
    /// takes the column's own type, from a subquery that it never runs:
    /// `coalesce($1, ARRAY(SELECT code FROM countries LIMIT 0))`.
    pub(crate) fn key_array(&mut self, number: usize, ty: PgType, table: &Table, column: &str) {
        if ty.is_fixed_by_rust() {
            self.array_parameter(number, ty);
        } else {
            self.array_of_column(number, table, column);
        }
    }

    /// An array of what the column is made of: `coalesce($1, ARRAY(SELECT at FROM events LIMIT 0))`.
    pub(crate) fn array_of_column(&mut self, number: usize, table: &Table, column: &str) {
        self.write(format_args!(
            "coalesce(${number}, ARRAY(SELECT {} FROM {table} LIMIT 0))",
            Name(column)
        ));
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.write(format_args!("{}", Name(name)));
    }

    /// A comma before every element of a list but the first.
    pub(crate) fn separate(&mut self, position: usize) {
        if position > 0 {
            self.push(", ");
        }
    }

    /// `, version = t0.version + 1`: every update counts the version of the rows that have one up.
    pub(crate) fn next_version(&mut self, def: &EntityDef, table: Alias) {
        if let Some(column) = def.version_column() {
            let name = Name(column.name);
            self.write(format_args!(", {name} = {table}.{name} + 1"));
        }
    }

    /// ` RETURNING id, email`.
    pub(crate) fn returning(&mut self, def: &EntityDef) {
        self.push(" RETURNING ");
        for (position, column) in def.eager_columns().iter().enumerate() {
            self.separate(position);
            self.write(format_args!(
                "{}{}",
                Name(column.name),
                column.ty.select_cast()
            ));
        }
    }
}
