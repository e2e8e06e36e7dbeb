//! What came of a piece of work, in a form that all contenders have in common.

use chrono::{DateTime, Utc};

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Int(i64),
    Text(String),
    /// Microseconds since 1970.
    Time(i64),
}

impl From<&i64> for Value {
    fn from(value: &i64) -> Self {
        Self::Int(*value)
    }
}

impl From<&i32> for Value {
    fn from(value: &i32) -> Self {
        Self::Int((*value).into())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&DateTime<Utc>> for Value {
    fn from(value: &DateTime<Utc>) -> Self {
        Self::Time(value.timestamp_micros())
    }
}

/// A row and what was loaded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub values: Vec<Value>,
    /// One list for each relation that was loaded, in the order in which the case names them.
    pub below: Vec<Vec<Entry>>,
}

/// The row of these fields of a struct: `entry!(user => id, email, name)`.
#[macro_export]
macro_rules! entry {
    ($row:expr => $($field:ident),+) => {
        $crate::Entry::new([$($crate::Value::from(&$row.$field)),+])
    };
}

impl Entry {
    pub fn new<const N: usize>(values: [Value; N]) -> Self {
        Self {
            values: values.into(),
            below: Vec::new(),
        }
    }

    /// The row with what one more relation has brought.
    pub fn with(mut self, below: impl IntoIterator<Item = Self>) -> Self {
        self.below.push(below.into_iter().collect());
        self
    }

    /// How many rows there are, this one included.
    pub fn rows(&self) -> usize {
        1 + self.below.iter().flatten().map(Self::rows).sum::<usize>()
    }
}

/// The row of a key alone.
pub fn key(id: &i64) -> Entry {
    Entry::new([id.into()])
}
