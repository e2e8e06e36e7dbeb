//! Writes expressions.

use crate::bind::Parameter;
use crate::entity::{ColumnDef, EntityDef};
use crate::expr::{Expr, Piece};
use crate::order::OrderTerm;
use crate::relation::RelationDef;
use crate::select::Select;
use crate::sql::join::{names, on_key};
use crate::sql::select::{Place, conditions, order};
use crate::sql::writer::{Alias, Table, Writer};
use crate::value::PgType;

impl Writer {
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
                Piece::Text(text) => self.push_own(text),
                Piece::Argument(argument, Expr::Bind(bind)) => {
                    match bound.iter().find(|(known, _)| known == argument) {
                        Some(&(_, number)) => self.argument(number, bind.ty),
                        None => {
                            let number = self.add(bind.value.clone());
                            self.argument(number, bind.ty);
                            bound.push((*argument, number));
                        }
                    }
                }
                Piece::Argument(_, expr) => self.operand(expr, alias),
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
            Expr::Excluded(column) => {
                self.push("excluded.");
                self.name(column.name);
            }
            Expr::Bind(bind) => self.bind(bind),
            Expr::Compare(column, op, value) => {
                self.expr(&Expr::Column(column), alias);
                self.write(format_args!(" {op} "));
                self.bind(value);
            }
            Expr::Binary(left, op, right) => {
                self.operand(left, alias);
                self.write(format_args!(" {op} "));
                self.operand(right, alias);
            }
            Expr::Quantified(left, op, array) => {
                self.operand(left, alias);
                self.write(format_args!(" {op}("));
                self.expr(array, alias);
                self.push(")");
            }
            Expr::Postfix(operand, suffix) => {
                self.operand(operand, alias);
                self.push(suffix);
            }
            Expr::Prefix(prefix, operand) => {
                self.push(prefix);
                self.operand(operand, alias);
            }
            Expr::Not(operand) => {
                self.push("NOT (");
                self.expr(operand, alias);
                self.push(")");
            }
            Expr::And(terms) => self.terms(terms, " AND ", alias),
            Expr::Or(terms) => self.terms(terms, " OR ", alias),
            Expr::Exists(relation, select) => match self.joined_target(alias, relation, select) {
                Some(target) => self.joined_exists(relation, select, target),
                None => self.related_exists(relation, select, alias),
            },
            Expr::Aggregate(relation, select, aggregate) => {
                self.related_aggregate(relation, select, aggregate, alias);
            }
            Expr::Related(relation, select, value) => {
                match self.joined_target(alias, relation, select) {
                    Some(target) => self.joined_value(relation, value, target),
                    None => self.related_value(relation, select, value, alias),
                }
            }
            Expr::Call(function, operands) => {
                self.write(format_args!("{function}("));
                for (position, operand) in operands.iter().enumerate() {
                    self.separate(position);
                    self.expr(operand, alias);
                }
                self.push(")");
            }
            Expr::KeyIn(def, parts) => self.key_in(def, parts, alias),
            Expr::Raw(pieces) => {
                self.push("(");
                self.pieces(pieces, alias);
                self.push(")");
            }
            Expr::Scope(scope) => self.scope(scope, alias),
        }
    }

    /// `id = ANY($1)`, or `(order_id, line) IN (SELECT * FROM unnest($1::int8[], $2::int4[]))`.
    fn key_in(&mut self, def: &EntityDef, parts: &[(&'static ColumnDef, Parameter)], alias: Alias) {
        if let [(column, values)] = parts {
            self.expr(&Expr::Column(column), alias);
            self.push(" = ANY(");
            // Without a cast the server takes the column's own type, whatever the entity calls it.
            let number = self.add(values.clone());
            self.parameter(number, column.ty.array());
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
            let number = self.add(values.clone());
            self.key_array(number, column.ty, &Table::of(def), column.name);
        }
        self.push("))");
    }

    /// An expression next to an operator, in parentheses if it has operators of its own.
    pub(crate) fn operand(&mut self, expr: &Expr, alias: Alias) {
        let is_one_word = matches!(
            expr,
            Expr::Column(_)
                | Expr::Excluded(_)
                | Expr::Bind(_)
                | Expr::Aggregate(..)
                | Expr::Related(..)
                | Expr::Call(..)
                | Expr::Raw(_)
        );
        if is_one_word {
            self.expr(expr, alias);
        } else {
            self.push("(");
            self.expr(expr, alias);
            self.push(")");
        }
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
            Expr::And(terms) => {
                for (position, term) in terms.iter().enumerate() {
                    if position > 0 {
                        self.push(" AND ");
                    }
                    self.conjunct(term, alias);
                }
            }
            Expr::Scope(scope) => self.scope(scope, alias),
            Expr::Exists(relation, select) => match self.joined_target(alias, relation, select) {
                Some(target) => self.joined_conditions(relation, select, target),
                None => self.related_exists(relation, select, alias),
            },
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
        match self.output_number(&term.expr, alias) {
            Some(number) => self.write(format_args!("{number}")),
            None => self.expr(&term.expr, alias),
        }
        if term.descending {
            self.push(" DESC");
        }
        self.push(term.nulls.unwrap_or_default());
    }

    /// `(SELECT t1.email FROM users AS t1 WHERE t1.id = t0.author_id)`.
    fn related_value(
        &mut self,
        relation: &RelationDef,
        select: &Select,
        value: &Expr,
        parent: Alias,
    ) {
        self.push("(SELECT ");
        let target = self.next_alias();
        self.expr(value, target);
        let place = self.related_rows(relation, parent, target);
        conditions(self, select, place, " AND ");
        // A `has_one` whose key is not unique must not turn an order into an error, nor be another row the next time.
        if !relation.target_is_unique() {
            order(self, relation.target, &Select::default(), place);
            self.push(" LIMIT 1");
        }
        self.push(")");
    }

    /// ` FROM posts AS t1 WHERE t1.author_id = t0.id`: the rows that a relation leads to from `parent`.
    pub(super) fn related_rows(
        &mut self,
        relation: &RelationDef,
        parent: Alias,
        target: Alias,
    ) -> Place {
        let target_columns = names(relation.target, relation.target_columns);
        let parent_columns = names(relation.parent, relation.parent_columns);
        self.write(format_args!(
            " FROM {} AS {target}",
            Table::of(relation.target)
        ));
        let mut place = Place::of(target);
        match &relation.link {
            None => {
                self.push(" WHERE ");
                on_key(self, target, target_columns, parent, parent_columns);
            }
            Some(link) => {
                let link_alias = self.next_alias();
                place.link = link_alias;
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
        place
    }
}
