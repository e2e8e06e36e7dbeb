//! Expressions as a tree: what columns, predicates and fragments build and the SQL writer writes.

use crate::aggregate::Aggregate;
use crate::bind::{Bind, Parameter};
use crate::entity::{ColumnDef, EntityDef};
use crate::relation::RelationDef;
use crate::select::Select;

/// An SQL expression about one entity. Its columns get the alias of the place where it is written.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum Expr {
    Column(&'static ColumnDef),
    Bind(Bind),
    /// `left op right`.
    Binary(Box<Expr>, &'static str, Box<Expr>),
    /// `left op ANY(array)`, or with `ALL`.
    Quantified(Box<Expr>, &'static str, Box<Expr>),
    /// `operand suffix`, as in `x IS NULL`.
    Postfix(Box<Expr>, &'static str),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Whether a row exists among those that a relation leads to and that are selected.
    Exists(&'static RelationDef, Box<Select>),
    /// What is computed from all rows that a relation leads to and that are selected.
    Aggregate(&'static RelationDef, Box<Select>, Box<Aggregate>),
    /// A value of the only related row; the expression is about the relation's target.
    Related(&'static RelationDef, Box<Expr>),
    /// `coalesce(a, b)`.
    Coalesce(Box<[Expr; 2]>),
    /// The primary key's columns, each with its part of the keys of which one must match.
    KeyIn(
        &'static EntityDef,
        Vec<(&'static ColumnDef, Vec<Parameter>)>,
    ),
    /// SQL given by the user.
    Raw(Vec<Piece>),
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
        Self::Binary(Box::new(left), op, Box::new(right))
    }

    pub(crate) fn quantified(left: Expr, op: &'static str, array: Expr) -> Self {
        Self::Quantified(Box::new(left), op, Box::new(array))
    }

    pub(crate) fn postfix(operand: Expr, suffix: &'static str) -> Self {
        Self::Postfix(Box::new(operand), suffix)
    }

    pub(crate) fn exists(relation: &'static RelationDef, condition: Option<Expr>) -> Self {
        let mut select = Select::default();
        if let Some(condition) = condition {
            select.filter(condition);
        }
        Self::Exists(relation, Box::new(select))
    }

    /// Whether it is true or false, never NULL.
    pub(crate) fn is_never_null(&self) -> bool {
        match self {
            Self::Exists(..) => true,
            Self::Not(operand) => operand.is_never_null(),
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
