//! The rows.
//!
//! They are read by position and without asking for the type of each value again, which is the code that
//! `sqlx::query_as!` expands to. The macro itself wants the database while it compiles. `derive(FromRow)` would look
//! up each column of each row by its name.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, Row, postgres::PgRow};

pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for User {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get_unchecked(0)?,
            email: row.try_get_unchecked(1)?,
            name: row.try_get_unchecked(2)?,
            created_at: row.try_get_unchecked(3)?,
        })
    }
}

pub(crate) struct Post {
    pub(crate) id: i64,
    pub(crate) author_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for Post {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get_unchecked(0)?,
            author_id: row.try_get_unchecked(1)?,
            title: row.try_get_unchecked(2)?,
            views: row.try_get_unchecked(3)?,
            created_at: row.try_get_unchecked(4)?,
        })
    }
}

/// A post joined with its author.
pub(crate) struct PostAuthor {
    pub(crate) post: Post,
    pub(crate) author: User,
}

impl FromRow<'_, PgRow> for PostAuthor {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            post: Post::from_row(row)?,
            author: User {
                id: row.try_get_unchecked(5)?,
                email: row.try_get_unchecked(6)?,
                name: row.try_get_unchecked(7)?,
                created_at: row.try_get_unchecked(8)?,
            },
        })
    }
}

pub(crate) struct Comment {
    pub(crate) id: i64,
    pub(crate) post_id: i64,
    pub(crate) body: String,
    pub(crate) created_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for Comment {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get_unchecked(0)?,
            post_id: row.try_get_unchecked(1)?,
            body: row.try_get_unchecked(2)?,
            created_at: row.try_get_unchecked(3)?,
        })
    }
}

pub(crate) struct Tag {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// A tag and the post that it was read for.
pub(crate) struct TagOfPost {
    pub(crate) post_id: i64,
    pub(crate) tag: Tag,
}

impl FromRow<'_, PgRow> for TagOfPost {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            post_id: row.try_get_unchecked(0)?,
            tag: Tag {
                id: row.try_get_unchecked(1)?,
                name: row.try_get_unchecked(2)?,
            },
        })
    }
}

pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) status: i32,
    pub(crate) duration: i32,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) ended_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for Event {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get_unchecked(0)?,
            user_id: row.try_get_unchecked(1)?,
            kind: row.try_get_unchecked(2)?,
            path: row.try_get_unchecked(3)?,
            status: row.try_get_unchecked(4)?,
            duration: row.try_get_unchecked(5)?,
            started_at: row.try_get_unchecked(6)?,
            ended_at: row.try_get_unchecked(7)?,
        })
    }
}
