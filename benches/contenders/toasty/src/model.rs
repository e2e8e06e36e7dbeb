//! The tables.

use jiff::Timestamp;
use toasty::{Deferred, Model};

#[derive(Debug, Model)]
pub struct User {
    #[key]
    #[auto]
    pub id: i64,
    pub email: String,
    pub name: String,
    pub created_at: Timestamp,
    #[has_many(pair = author)]
    pub posts: Deferred<Vec<Post>>,
}

#[derive(Debug, Model)]
pub struct Post {
    #[key]
    #[auto]
    pub id: i64,
    #[index]
    pub author_id: i64,
    pub title: String,
    pub views: i32,
    pub created_at: Timestamp,
    #[belongs_to(key = author_id, references = id)]
    pub author: Deferred<User>,
    #[has_many]
    pub comments: Deferred<Vec<Comment>>,
    #[has_many]
    pub post_tags: Deferred<Vec<PostTag>>,
    #[has_many(via = post_tags.tag)]
    pub tags: Deferred<Vec<Tag>>,
}

#[derive(Debug, Model)]
pub struct Comment {
    #[key]
    #[auto]
    pub id: i64,
    #[index]
    pub post_id: i64,
    pub body: String,
    pub created_at: Timestamp,
    #[belongs_to(key = post_id, references = id)]
    pub post: Deferred<Post>,
}

#[derive(Debug, Model)]
pub struct Tag {
    #[key]
    #[auto]
    pub id: i64,
    pub name: String,
    #[has_many]
    pub post_tags: Deferred<Vec<PostTag>>,
}

/// The link of a post and a tag: toasty goes through it from the one to the other.
#[derive(Debug, Model)]
#[key(post_id, tag_id)]
pub struct PostTag {
    pub post_id: i64,
    #[index]
    pub tag_id: i64,
    #[belongs_to(key = post_id, references = id)]
    pub post: Deferred<Post>,
    #[belongs_to(key = tag_id, references = id)]
    pub tag: Deferred<Tag>,
}

#[derive(Debug, Model)]
pub struct Event {
    #[key]
    #[auto]
    pub id: i64,
    pub user_id: i64,
    pub kind: String,
    pub path: String,
    pub status: i32,
    pub duration: i32,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
}

#[derive(Debug, Model)]
pub struct Note {
    #[key]
    #[auto]
    pub id: i64,
    pub user_id: i64,
    pub title: String,
    pub views: i32,
    pub created_at: Timestamp,
}
