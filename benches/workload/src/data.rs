//! The data.

use chrono::{DateTime, TimeDelta, Utc};

/// The tables.
pub const SCHEMA: &str = include_str!("schema.sql");

/// The foreign keys, each with an index. They come last: millions of rows are checked and sorted much faster at once than
/// one after the other.
pub const KEYS: &str = include_str!("keys.sql");

/// The moment from which the timestamps of the data count: 2026-01-01, in seconds since 1970.
pub const BASE: i64 = 1_767_225_600;

/// How much of it there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub users: i64,
}

impl Size {
    /// Of the comparison: 1,000 users, 10,000 posts, 50,000 comments, 200 tags on 30,000 links, 10,000 events.
    pub const COMPARISON: Self = Self { users: 1_000 };
}

/// The statements that fill the tables, the same every time: each user has 10 posts, each post 5 comments and 3 tags.
pub fn fill(size: Size) -> String {
    let Size { users } = size;
    include_str!("fill.sql").replace("{users}", &users.to_string())
}

/// The values of the notes that are inserted: `user_id`, `title`, `views`, `created_at`. Counts from 0.
pub fn note(number: i64) -> (i64, String, i32, DateTime<Utc>) {
    let at = DateTime::from_timestamp(BASE, 0).unwrap_or_default() + TimeDelta::seconds(number);
    (
        1 + number % 1_000,
        format!("Note number {number}"),
        (number * 7 % 1_000) as i32,
        at,
    )
}
