//! From queries and loads to SQL text and parameters.
//!
//! The text depends only on the shape of a query, never on its values: each shape is one prepared statement.

mod aggregate;
mod annotations;
mod children;
mod column;
mod cursor;
mod expr;
mod join;
mod join_once;
mod outline;
mod plans;
mod recursive;
mod rehearse;
mod select;
mod writer;

pub(crate) use children::{Children, KeyFrom, KeySource, Origin, loads};
pub(crate) use column::column_of;
pub(crate) use cursor::{close, declare, fetch};
pub(crate) use plans::{Planned, aggregate, children, exists, root};
pub(crate) use rehearse::{Ingredients, ingredients};
pub(crate) use select::root as write_root;
pub(crate) use select::{Place, conditions, raw};
pub(crate) use writer::{Alias, Name, Table, Writer};

use crate::bind::Parameter;
use crate::decode::{ComputedColumn, Part};
use crate::error::Result;
use crate::scope::ScopeDef;

/// A statement that is ready to be prepared.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether the text is different for other data. Then it is prepared for this one use.
    pub(crate) depends_on_data: bool,
    /// The scope without whose value it cannot be sent.
    pub(crate) missing_scope: Option<&'static ScopeDef>,
}

impl Sql {
    /// Whether it can be sent.
    pub(crate) fn check(&self) -> Result<()> {
        self.missing_scope
            .map_or(Ok(()), |scope| Err(scope.missing()))
    }
}

/// A statement that returns entities or values, and where they stand in its result.
#[derive(Debug)]
#[doc(hidden)]
pub struct SelectSql {
    pub(crate) sql: Sql,
    pub(crate) layout: Layout,
}

/// What stands where in a result.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// What it has of each entity.
    pub(crate) parts: Vec<Part>,
    /// The values that are computed.
    pub(crate) values: Vec<ComputedColumn>,
}

impl Layout {
    pub(crate) const EMPTY: &'static Self = &Self {
        parts: Vec::new(),
        values: Vec::new(),
    };

    /// Of entities alone.
    pub(crate) fn of(parts: Vec<Part>) -> Self {
        Self {
            parts,
            values: Vec::new(),
        }
    }
}
