//! The outline of a query: all that the text of its statements depends on, and its values apart.

use std::ptr;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::aggregate::Aggregate;
use crate::annotate::Annotated;
use crate::bind::{Bind, Parameter};
use crate::decode::ValueType;
use crate::expr::{Expr, Piece};
use crate::load::{Node, RelationNode};
use crate::lock::Lock;
use crate::order::OrderTerm;
use crate::select::{Count, Page, Scoped, Select};
use crate::sql::{KeyFrom, Origin};
use crate::value::PgType;

/// Two queries with the same words have the same statements. What is defined once for the program stands in them by its
/// address, so that they are made without looking into it: definitions of entities, columns and relations, and literals.
///
/// Each part is its kind, then what it consists of, lists after their length: so different parts never have the same words.
#[derive(Default)]
pub(super) struct Outline<'q> {
    words: SmallVec<[usize; 64]>,
    values: SmallVec<[&'q Parameter; 8]>,
}

impl<'q> Outline<'q> {
    pub(super) fn words(&self) -> &[usize] {
        &self.words
    }

    /// The position of a value among those of the query.
    pub(super) fn position(&self, value: &Parameter) -> Option<usize> {
        self.values.iter().position(|known| is_same(known, value))
    }

    pub(super) fn value(&self, position: usize) -> Option<&'q Parameter> {
        self.values.get(position).copied()
    }

    pub(super) fn word(&mut self, word: usize) {
        self.words.push(word);
    }

    fn flag(&mut self, flag: bool) {
        self.word(usize::from(flag));
    }

    /// Something that is never dropped.
    pub(super) fn address<T>(&mut self, defined: &'static T) {
        self.word(ptr::from_ref(defined).addr());
    }

    fn literal(&mut self, text: &'static str) {
        self.word(text.as_ptr().addr());
        self.word(text.len());
    }

    /// `None` is told from whatever `Some` begins with.
    fn option<T>(&mut self, option: Option<T>, some: impl FnOnce(&mut Self, T)) {
        self.flag(option.is_some());
        if let Some(value) = option {
            some(self, value);
        }
    }

    fn list<T>(&mut self, list: &'q [T], each: impl Fn(&mut Self, &'q T)) {
        self.word(list.len());
        for element in list {
            each(self, element);
        }
    }

    /// Which value it is, not what: expressions are the same only with the very same values in them.
    pub(super) fn parameter(&mut self, value: &'q Parameter) {
        match self.position(value) {
            Some(known) => self.word(known),
            None => {
                self.word(self.values.len());
                self.values.push(value);
            }
        }
    }

    fn bind(&mut self, Bind { value, ty }: &'q Bind) {
        self.parameter(value);
        self.ty(*ty);
    }

    fn ty(&mut self, ty: PgType) {
        let (name, flags) = ty.parts();
        self.literal(name);
        self.word(flags);
    }

    pub(super) fn value_type(&mut self, value_type: &ValueType) {
        self.ty(value_type.ty);
        self.words.extend(value_type.functions());
    }

    pub(super) fn select(&mut self, select: &'q Select) {
        let Select {
            source,
            filters,
            order,
            page,
            annotations,
            per_parent,
            by_window,
            fixed,
            lock,
            // They are among those of the connection.
            scopes: _,
        } = select;
        // Most queries have little of it: only what is there, each after its number.
        if let Some(pieces) = source {
            self.word(1);
            self.pieces(pieces);
        }
        if !filters.is_empty() {
            self.word(2);
            self.list(filters, |outline, filter| {
                outline.scoped(filter, Self::expr)
            });
        }
        if !order.is_empty() {
            self.word(3);
            self.list(order, |outline, term| {
                outline.scoped(term, Self::order_term)
            });
        }
        if page.is_some() {
            self.word(4);
            self.page(page);
        }
        if !annotations.is_empty() {
            self.word(5);
            self.list(annotations, Self::annotated);
        }
        if per_parent.is_some() {
            self.word(6);
            self.page(per_parent);
            self.flag(*by_window);
        }
        if let Some(fixed) = *fixed {
            self.word(7);
            self.address(fixed);
        }
        if let Some(Lock {
            strength,
            if_locked,
        }) = lock
        {
            self.word(8);
            self.literal(strength);
            self.literal(if_locked);
        }
        self.word(0);
    }

    fn scoped<T>(&mut self, scoped: &'q Scoped<T>, inner: impl FnOnce(&mut Self, &'q T)) {
        match scoped {
            Scoped::Entity(of) => {
                self.word(0);
                inner(self, of);
            }
            Scoped::Link(of) => {
                self.word(1);
                inner(self, of);
            }
        }
    }

    fn order_term(&mut self, term: &'q OrderTerm) {
        let OrderTerm {
            expr,
            descending,
            nulls,
        } = term;
        self.expr(expr);
        self.flag(*descending);
        self.option(*nulls, Self::literal);
    }

    fn page(&mut self, Page { limit, offset }: &'q Page) {
        let count = |outline: &mut Self, count: &'q Count| outline.parameter(count.parameter());
        self.option(limit.as_ref(), count);
        self.option(offset.as_ref(), count);
    }

    fn annotated(&mut self, Annotated { expr, value_type }: &'q Annotated) {
        self.expr(expr);
        self.value_type(value_type);
    }

    pub(super) fn aggregate(&mut self, aggregate: &'q Aggregate) {
        let Aggregate {
            function,
            operand,
            cast,
            is_rounded,
        } = aggregate;
        self.literal(function);
        self.option(operand.as_ref(), Self::expr);
        self.option(*cast, Self::ty);
        self.flag(*is_rounded);
    }

    fn pieces(&mut self, pieces: &'q [Piece]) {
        self.list(pieces, |outline, piece| match piece {
            Piece::Text(text) => {
                outline.word(0);
                outline.literal(text);
            }
            Piece::Argument(number, expr) => {
                outline.word(1);
                outline.word(*number);
                outline.expr(expr);
            }
        });
    }

    fn expr(&mut self, expr: &'q Expr) {
        match expr {
            Expr::Column(column) => {
                self.word(0);
                self.address(*column);
            }
            Expr::Excluded(column) => {
                self.word(1);
                self.address(*column);
            }
            Expr::Bind(bind) => {
                self.word(2);
                self.bind(bind);
            }
            Expr::Compare(column, operator, value) => {
                self.word(17);
                self.literal(operator);
                self.address(*column);
                self.bind(value);
            }
            Expr::Binary(left, operator, right) => {
                self.word(3);
                self.literal(operator);
                self.expr(left);
                self.expr(right);
            }
            Expr::Quantified(left, operator, array) => {
                self.word(4);
                self.literal(operator);
                self.expr(left);
                self.expr(array);
            }
            Expr::Postfix(operand, suffix) => {
                self.word(5);
                self.literal(suffix);
                self.expr(operand);
            }
            Expr::Prefix(prefix, operand) => {
                self.word(6);
                self.literal(prefix);
                self.expr(operand);
            }
            Expr::Not(operand) => {
                self.word(7);
                self.expr(operand);
            }
            Expr::And(terms) => {
                self.word(8);
                self.list(terms, Self::expr);
            }
            Expr::Or(terms) => {
                self.word(9);
                self.list(terms, Self::expr);
            }
            Expr::Exists(relation, select) => {
                self.word(10);
                self.address(*relation);
                self.select(select);
            }
            Expr::Aggregate(relation, select, aggregate) => {
                self.word(11);
                self.address(*relation);
                self.select(select);
                self.aggregate(aggregate);
            }
            Expr::Related(relation, select, value) => {
                self.word(12);
                self.address(*relation);
                self.select(select);
                self.expr(value);
            }
            Expr::Call(function, operands) => {
                self.word(13);
                self.literal(function);
                self.list(operands, Self::expr);
            }
            Expr::KeyIn(def, parts) => {
                self.word(14);
                self.address(*def);
                self.list(parts, |outline, (column, keys)| {
                    outline.address(*column);
                    outline.parameter(keys);
                });
            }
            Expr::Raw(pieces) => {
                self.word(15);
                self.pieces(pieces);
            }
            Expr::Scope(scope) => {
                self.word(16);
                self.address(*scope);
            }
        }
    }

    pub(super) fn nodes(&mut self, nodes: &'q [Option<Node<'_>>]) {
        self.list(nodes, |outline, node| match node {
            None => outline.word(0),
            Some(Node::Column(column)) => {
                outline.word(1);
                outline.address(*column);
            }
            Some(Node::Relation(node)) => {
                outline.word(2);
                outline.relation(node);
            }
        });
    }

    pub(super) fn relation(&mut self, node: &'q RelationNode<'_>) {
        self.address(node.relation);
        self.select(node.select);
        self.flag(node.is_joined());
        self.option(node.recursion, |outline, recursion| {
            outline.option(recursion.depth, |outline, depth| {
                outline.word(depth as usize)
            });
        });
        self.nodes(&node.slots);
    }

    pub(super) fn keys(&mut self, from: KeyFrom<'q>) {
        match from {
            KeyFrom::Parameters => self.word(0),
            KeyFrom::Query(origin) => {
                self.word(1);
                self.origin(origin);
            }
        }
    }

    fn origin(&mut self, origin: &'q Origin<'q>) {
        match origin {
            Origin::Root { def, select } => {
                self.word(0);
                self.address(*def);
                self.select(select);
                // The one part of the text that depends on a value.
                self.flag(origin.is_small_page());
            }
            Origin::Below { node, parents } => {
                self.word(1);
                // What is loaded below it does not matter for its keys, but for a join's.
                self.relation(node);
                self.origin(parents);
            }
        }
    }
}

/// Whether it is the same value in memory.
pub(super) fn is_same(a: &Parameter, b: &Parameter) -> bool {
    ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b))
}
