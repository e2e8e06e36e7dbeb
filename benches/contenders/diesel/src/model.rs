//! The rows.

use chrono::{DateTime, Utc};
use diesel::{pg::Pg, prelude::*};

use crate::schema::{comments, events, notes, post_tags, posts, tags, users};

#[derive(Queryable, Selectable, Identifiable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = posts, belongs_to(User, foreign_key = author_id), check_for_backend(Pg))]
pub(crate) struct Post {
    pub(crate) id: i64,
    pub(crate) author_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = comments, belongs_to(Post), check_for_backend(Pg))]
pub(crate) struct Comment {
    pub(crate) id: i64,
    pub(crate) post_id: i64,
    pub(crate) body: String,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable, Identifiable)]
#[diesel(table_name = tags, check_for_backend(Pg))]
pub(crate) struct Tag {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = post_tags, primary_key(post_id, tag_id))]
#[diesel(belongs_to(Post), belongs_to(Tag), check_for_backend(Pg))]
pub(crate) struct PostTag {
    pub(crate) post_id: i64,
    pub(crate) tag_id: i64,
}

#[derive(Queryable, Selectable, Identifiable)]
#[diesel(table_name = events, check_for_backend(Pg))]
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

#[derive(Insertable)]
#[diesel(table_name = notes, check_for_backend(Pg))]
pub(crate) struct NewNote {
    pub(crate) user_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
}
