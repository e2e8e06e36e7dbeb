//! Expressions as a tree: what columns, predicates and fragments build and the SQL writer writes.

use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::bind::{Bind, Parameter};
use crate::entity::{ColumnDef, EntityDef};
use crate::relation::RelationDef;
use crate::scope::ScopeDef;
use crate::select::Select;

/// An SQL expression about one entity. Its columns get the alias of the place where it is written.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum Expr {
    Column(&'static ColumnDef),
    /// The value that the new row of an upsert has in a column.
    Excluded(&'static ColumnDef),
    Bind(Bind),
    /// `column op $1`: what most conditions are.
    Compare(&'static ColumnDef, &'static str, Bind),
    /// `left op right`, of anything else.
    Binary(Box<Expr>, &'static str, Box<Expr>),
    /// `left op ANY(array)`, or with `ALL`.
    Quantified(Box<Expr>, &'static str, Box<Expr>),
    /// `operand suffix`, as in `x IS NULL`.
    Postfix(Box<Expr>, &'static str),
    /// `prefix operand`, as in `-x`.
    Prefix(&'static str, Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Whether a row exists among those that a relation leads to and that are selected.
    Exists(&'static RelationDef, Box<Select>),
    /// What is computed from all rows that a relation leads to and that are selected.
    Aggregate(&'static RelationDef, Box<Select>, Box<Aggregate>),
    /// A value of the only related row that is selected; the expression is about the relation's target.
    Related(&'static RelationDef, Box<Select>, Box<Expr>),
    /// `function(a, b)`.
    Call(&'static str, Vec<Expr>),
    /// The primary key's columns, each with an array of its part of the keys of which one must match.
    KeyIn(&'static EntityDef, Vec<(&'static ColumnDef, Parameter)>),
    /// SQL given by the user.
    Raw(Vec<Piece>),
    /// A condition of the entity, whose value is known where it is written.
    Scope(&'static ScopeDef),
}

/// A part of the user's SQL.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum Piece {
    Text(&'static str),
    /// The argument of this number, which may stand at several places.
    Argument(usize, Expr),
}

impl Expr {
    pub(crate) fn binary(left: Expr, op: &'static str, right: Expr) -> Self {
        match (left, right) {
            (Self::Column(column), Self::Bind(value)) => Self::Compare(column, op, value),
            (left, right) => Self::Binary(Box::new(left), op, Box::new(right)),
        }
    }

    pub(crate) fn quantified(left: Expr, op: &'static str, array: Expr) -> Self {
        Self::Quantified(Box::new(left), op, Box::new(array))
    }

    pub(crate) fn postfix(operand: Expr, suffix: &'static str) -> Self {
        Self::Postfix(Box::new(operand), suffix)
    }

    /// Whether it holds only where a column equals one value.
    pub(crate) fn is_equal_to_value(&self, column: &ColumnDef) -> bool {
        match self {
            Self::Compare(compared, "=", _) => compared.is_same(column),
            Self::And(terms) => terms.iter().any(|term| term.is_equal_to_value(column)),
            _ => false,
        }
    }

    /// Whether it is true or false, never NULL.
    pub(crate) fn is_never_null(&self) -> bool {
        match self {
            Self::Exists(..) => true,
            Self::Not(operand) => operand.is_never_null(),
            _ => false,
        }
    }

    /// Whether it is the same expression about the same rows: a copy, or one that was built alike without values.
    ///
    /// Values are never compared, for the text of a statement does not depend on them. And names are, rather than
    /// addresses: a constant may have several.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Column(a), Self::Column(b)) | (Self::Excluded(a), Self::Excluded(b)) => {
                a.name == b.name
            }
            (Self::Bind(a), Self::Bind(b)) => Arc::ptr_eq(&a.value, &b.value),
            (Self::Compare(a, op, value), Self::Compare(b, other_op, other)) => {
                a.name == b.name && op == other_op && Arc::ptr_eq(&value.value, &other.value)
            }
            (Self::Binary(a, op, b), Self::Binary(c, other_op, d))
            | (Self::Quantified(a, op, b), Self::Quantified(c, other_op, d)) => {
                op == other_op && a.is_same(c) && b.is_same(d)
            }
            (Self::Postfix(a, suffix), Self::Postfix(b, other_suffix)) => {
                suffix == other_suffix && a.is_same(b)
            }
            (Self::Prefix(prefix, a), Self::Prefix(other_prefix, b)) => {
                prefix == other_prefix && a.is_same(b)
            }
            (Self::Not(a), Self::Not(b)) => a.is_same(b),
            (Self::And(a), Self::And(b)) | (Self::Or(a), Self::Or(b)) => all_same(a, b),
            (Self::Exists(relation, a), Self::Exists(other, b)) => {
                relation.name == other.name && a.is_same(b)
            }
            (Self::Aggregate(relation, a, of), Self::Aggregate(other, b, other_of)) => {
                relation.name == other.name && a.is_same(b) && of.is_same(other_of)
            }
            (Self::Related(relation, a, of), Self::Related(other, b, other_of)) => {
                relation.name == other.name && a.is_same(b) && of.is_same(other_of)
            }
            (Self::Scope(a), Self::Scope(b)) => a.is_same(b),
            (Self::Call(function, a), Self::Call(other, b)) => function == other && all_same(a, b),
            (Self::Raw(a), Self::Raw(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
            }
            _ => false,
        }
    }

    pub(crate) fn and(self, other: Expr) -> Self {
        match self {
            Self::And(mut terms) => {
                terms.push(other);
                Self::And(terms)
            }
            first => Self::And(vec![first, other]),
        }
    }

    pub(crate) fn or(self, other: Expr) -> Self {
        match self {
            Self::Or(mut terms) => {
                terms.push(other);
                Self::Or(terms)
            }
            first => Self::Or(vec![first, other]),
        }
    }
}

pub(crate) fn all_same(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
}

impl Piece {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Argument(a, expr), Self::Argument(b, other)) => a == b && expr.is_same(other),
            _ => false,
        }
    }
}
