//! Writes expressions, names and parameters.

use std::fmt::{self, Display, Write};
use std::sync::Arc;

use crate::bind::{Bind, BindArray, Parameter};
use crate::entity::{ColumnDef, EntityDef};
use crate::expr::{Expr, Piece};
use crate::order::OrderTerm;
use crate::relation::RelationDef;
use crate::select::Select;
use crate::sql::Sql;
use crate::sql::join::{names, on_key};
use crate::value::PgType;

/// A table's alias in a statement: `t0` is the table that is selected from. Short and numbered, so that no name is
/// ever cut to the 63 bytes that PostgreSQL keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alias {
    Table(usize),
    Link,
    Keys,
    /// In SQL that names its tables itself.
    Unqualified,
}

impl Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(number) => write!(f, "t{number}"),
            Self::Link => f.write_str("l"),
            Self::Keys => f.write_str("k"),
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
    depends_on_data: bool,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A writer whose first parameter has the number after the reserved ones.
    pub(crate) fn reserving(parameters: usize) -> Self {
        Self {
            reserved: parameters,
            ..Self::default()
        }
    }

    pub(crate) fn finish(self) -> Sql {
        Sql {
            text: self.text,
            parameters: self.parameters,
            depends_on_data: self.depends_on_data,
        }
    }

    pub(crate) fn next_alias(&mut self) -> Alias {
        self.tables += 1;
        Alias::Table(self.tables - 1)
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

    pub(crate) fn bind(&mut self, bind: &Bind) {
        self.parameters.push(bind.value.clone());
        self.parameter(self.last_parameter(), bind.ty);
    }

    /// The number of the parameter that was bound last.
    fn last_parameter(&self) -> usize {
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
    pub(crate) fn bind_array(&mut self, ty: PgType, values: Vec<Parameter>) {
        self.parameters.push(Arc::new(BindArray(values)));
        self.array_parameter(self.last_parameter(), ty);
    }

    fn array_parameter(&mut self, number: usize, ty: PgType) {
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
            self.write(format_args!(
                "coalesce(${number}, ARRAY(SELECT {} FROM {table} LIMIT 0))",
                Name(column)
            ));
        }
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

    /// Says that the text is different for other data, so that it is not worth keeping as a prepared statement.
    pub(crate) fn depends_on_data(&mut self) {
        self.depends_on_data = true;
    }

    pub(crate) fn conditions(&mut self, select: &Select, table: Alias) {
        super::select::conditions(self, select, table, " WHERE ");
    }

    /// ` RETURNING id, email`.
    pub(crate) fn returning(&mut self, def: &EntityDef) {
        self.push(" RETURNING ");
        for (position, column) in def.columns.iter().enumerate() {
            self.separate(position);
            self.write(format_args!(
                "{}{}",
                Name(column.name),
                column.ty.select_cast()
            ));
        }
    }

    /// A value in the user's SQL. A number is of its Rust type, whatever stands next to it: `id > $1` with `3` would
    /// otherwise ask for the type of `id`, which the driver refuses to make of an `i32`.
    fn argument(&mut self, number: usize, ty: PgType) {
        self.parameter(number, ty);
        if ty.is_number() {
            self.write(format_args!("::{ty}"));
        }
    }

    /// A value that stands at several places is one parameter there too: the server infers its type from all of them,
    /// and recognizes `GROUP BY date_trunc($1, at)` as what is selected.
    pub(crate) fn pieces(&mut self, pieces: &[Piece], alias: Alias) {
        let mut bound: Vec<(usize, usize)> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.push(text),
                Piece::Argument(argument, Expr::Bind(bind)) => {
                    match bound.iter().find(|(known, _)| known == argument) {
                        Some(&(_, number)) => self.argument(number, bind.ty),
                        None => {
                            self.parameters.push(bind.value.clone());
                            self.argument(self.last_parameter(), bind.ty);
                            bound.push((*argument, self.last_parameter()));
                        }
                    }
                }
                Piece::Argument(_, expr) => self.expr(expr, alias),
            }
        }
        // A comment at its end must not swallow what follows.
        if pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Text(text) if text.contains("--")))
        {
            self.push("\n");
        }
    }

    pub(crate) fn expr(&mut self, expr: &Expr, alias: Alias) {
        match expr {
            Expr::Column(column) => {
                if alias != Alias::Unqualified {
                    self.write(format_args!("{alias}."));
                }
                self.name(column.name);
            }
            Expr::Bind(bind) => self.bind(bind),
            Expr::Binary(left, op, right) => {
                self.expr(left, alias);
                self.write(format_args!(" {op} "));
                self.expr(right, alias);
            }
            Expr::Quantified(left, op, array) => {
                self.expr(left, alias);
                self.write(format_args!(" {op}("));
                self.expr(array, alias);
                self.push(")");
            }
            Expr::Postfix(operand, suffix) => {
                self.expr(operand, alias);
                self.push(suffix);
            }
            Expr::Not(operand) => {
                self.push("NOT (");
                self.expr(operand, alias);
                self.push(")");
            }
            Expr::And(terms) => self.terms(terms, " AND ", alias),
            Expr::Or(terms) => self.terms(terms, " OR ", alias),
            Expr::Exists(relation, condition) => {
                self.push("EXISTS (SELECT");
                let target = self.next_alias();
                self.related_rows(relation, alias, target);
                if let Some(condition) = condition {
                    self.push(" AND ");
                    self.conjunct(condition, target);
                }
                self.push(")");
            }
            Expr::Related(relation, value) => {
                self.push("(SELECT ");
                let target = self.next_alias();
                self.expr(value, target);
                self.related_rows(relation, alias, target);
                // A `has_one` whose key is not unique must not turn an order into an error.
                self.push(if relation.target_is_unique() {
                    ")"
                } else {
                    " LIMIT 1)"
                });
            }
            Expr::KeyIn(def, parts) => self.key_in(def, parts, alias),
            Expr::Raw(pieces) => {
                self.push("(");
                self.pieces(pieces, alias);
                self.push(")");
            }
        }
    }

    /// `id = ANY($1)`, or `(order_id, line) IN (SELECT * FROM unnest($1::int8[], $2::int4[]))`.
    fn key_in(
        &mut self,
        def: &EntityDef,
        parts: &[(&'static ColumnDef, Vec<Parameter>)],
        alias: Alias,
    ) {
        if let [(column, values)] = parts {
            self.expr(&Expr::Column(column), alias);
            self.push(" = ANY(");
            // Without a cast the server takes the column's own type, whatever the entity calls it.
            self.bind(&Bind::typed(BindArray(values.clone()), column.ty.array()));
            self.push(")");
            return;
        }
        self.push("(");
        for (position, (column, _)) in parts.iter().enumerate() {
            self.separate(position);
            self.expr(&Expr::Column(column), alias);
        }
        self.push(") IN (SELECT * FROM unnest(");
        for (position, (column, values)) in parts.iter().enumerate() {
            self.separate(position);
            self.parameters.push(Arc::new(BindArray(values.clone())));
            let number = self.last_parameter();
            self.key_array(number, column.ty, &Table::of(def), column.name);
        }
        self.push("))");
    }

    fn terms(&mut self, terms: &[Expr], separator: &str, alias: Alias) {
        for (position, term) in terms.iter().enumerate() {
            if position > 0 {
                self.push(separator);
            }
            self.term(term, alias);
        }
    }

    /// An expression as one of the conditions of a WHERE, all of which must hold.
    pub(crate) fn conjunct(&mut self, expr: &Expr, alias: Alias) {
        match expr {
            Expr::And(terms) => self.terms(terms, " AND ", alias),
            expr => self.term(expr, alias),
        }
    }

    /// An expression as a term of AND or OR.
    pub(crate) fn term(&mut self, expr: &Expr, alias: Alias) {
        if matches!(expr, Expr::And(_) | Expr::Or(_)) {
            self.push("(");
            self.expr(expr, alias);
            self.push(")");
        } else {
            self.expr(expr, alias);
        }
    }

    pub(crate) fn order_term(&mut self, term: &OrderTerm, alias: Alias) {
        self.expr(&term.expr, alias);
        if term.descending {
            self.push(" DESC");
        }
        self.push(term.nulls.unwrap_or_default());
    }

    /// ` FROM posts AS t1 WHERE t1.author_id = t0.id`: the rows that a relation leads to from `parent`.
    fn related_rows(&mut self, relation: &RelationDef, parent: Alias, target: Alias) {
        let target_columns = names(relation.target, relation.target_columns);
        let parent_columns = names(relation.parent, relation.parent_columns);
        self.write(format_args!(
            " FROM {} AS {target}",
            Table::of(relation.target)
        ));
        match &relation.link {
            None => {
                self.push(" WHERE ");
                on_key(self, target, target_columns, parent, parent_columns);
            }
            Some(link) => {
                let link_alias = self.next_alias();
                self.write(format_args!(
                    " JOIN {} AS {link_alias} ON ",
                    Table(link.schema, link.table)
                ));
                on_key(
                    self,
                    link_alias,
                    link.target_columns.iter().copied(),
                    target,
                    target_columns,
                );
                self.push(" WHERE ");
                on_key(
                    self,
                    link_alias,
                    link.parent_columns.iter().copied(),
                    parent,
                    parent_columns,
                );
            }
        }
    }
}
