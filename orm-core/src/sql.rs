//! From queries and loads to SQL text and parameters.
//!
//! The text depends only on the shape of a query, never on its values: each shape is one prepared statement.

mod aggregate;
mod children;
mod column;
mod expr;
mod join;
mod recursive;
mod select;
mod writer;

pub(crate) use aggregate::{count, exists};
pub(crate) use children::{Children, KeyFrom, KeySource, Origin, children, loads_below};
pub(crate) use column::column_of;
pub(crate) use select::{conditions, raw, root};
pub(crate) use writer::{Table, Writer};

use crate::bind::Parameter;
use crate::decode::Part;

/// A statement that is ready to be prepared.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether the text is different for other data. Then it is prepared for this one use.
    pub(crate) depends_on_data: bool,
}

/// A statement that returns entities, and where they stand in its result.
#[derive(Debug)]
pub(crate) struct SelectSql {
    pub(crate) sql: Sql,
    pub(crate) layout: Vec<Part>,
}

/// What a result has of each entity.
pub(crate) type Layout = [Part];
