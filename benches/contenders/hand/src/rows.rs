//! The structs, how they are read from a row, and how they are told to the benchmark.

use std::borrow::Borrow;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use workload::{Entry, entry};

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) struct Post {
    pub(crate) id: i64,
    pub(crate) author_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) struct Comment {
    pub(crate) id: i64,
    pub(crate) post_id: i64,
    pub(crate) body: String,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) struct Tag {
    pub(crate) id: i64,
    pub(crate) name: String,
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

pub(crate) struct UserWithPosts {
    pub(crate) user: User,
    pub(crate) posts: Vec<Post>,
}

pub(crate) struct PostWithComments {
    pub(crate) post: Post,
    pub(crate) comments: Vec<Comment>,
}

pub(crate) struct UserWithAll {
    pub(crate) user: User,
    pub(crate) posts: Vec<PostWithComments>,
}

/// With an author of its own or a shared one.
pub(crate) struct PostWithAuthor<U> {
    pub(crate) post: Post,
    pub(crate) author: U,
}

pub(crate) struct PostWithTags<T> {
    pub(crate) post: Post,
    pub(crate) tags: Vec<T>,
}

pub(crate) struct PostWithAll<U, T> {
    pub(crate) post: Post,
    pub(crate) author: U,
    pub(crate) tags: Vec<T>,
    pub(crate) comments: Vec<Comment>,
}

impl User {
    pub(crate) fn read(row: &Row) -> Self {
        Self::read_at(row, 0)
    }

    pub(crate) fn read_at(row: &Row, at: usize) -> Self {
        Self {
            id: row.get(at),
            email: row.get(at + 1),
            name: row.get(at + 2),
            created_at: row.get(at + 3),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        entry!(self => id, email, name, created_at)
    }
}

impl Post {
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            id: row.get(0),
            author_id: row.get(1),
            title: row.get(2),
            views: row.get(3),
            created_at: row.get(4),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        entry!(self => id, author_id, title, views, created_at)
    }
}

impl Comment {
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            id: row.get(0),
            post_id: row.get(1),
            body: row.get(2),
            created_at: row.get(3),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        entry!(self => id, post_id, body, created_at)
    }
}

impl Tag {
    pub(crate) fn read_at(row: &Row, at: usize) -> Self {
        Self {
            id: row.get(at),
            name: row.get(at + 1),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        entry!(self => id, name)
    }
}

impl Event {
    pub(crate) fn read(row: &Row) -> Self {
        Self {
            id: row.get(0),
            user_id: row.get(1),
            kind: row.get(2),
            path: row.get(3),
            status: row.get(4),
            duration: row.get(5),
            started_at: row.get(6),
            ended_at: row.get(7),
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        entry!(self => id, user_id, kind, path, status, duration, started_at, ended_at)
    }
}

impl UserWithPosts {
    pub(crate) fn entry(&self) -> Entry {
        self.user.entry().with(self.posts.iter().map(Post::entry))
    }
}

impl PostWithComments {
    fn entry(&self) -> Entry {
        let comments = self.comments.iter().map(Comment::entry);
        self.post.entry().with(comments)
    }
}

impl UserWithAll {
    pub(crate) fn entry(&self) -> Entry {
        let posts = self.posts.iter().map(PostWithComments::entry);
        self.user.entry().with(posts)
    }
}

impl<U: Borrow<User>> PostWithAuthor<U> {
    pub(crate) fn entry(&self) -> Entry {
        self.post.entry().with([self.author.borrow().entry()])
    }
}

impl<T: Borrow<Tag>> PostWithTags<T> {
    pub(crate) fn entry(&self) -> Entry {
        let tags = self.tags.iter().map(|tag| tag.borrow().entry());
        self.post.entry().with(tags)
    }
}

impl<U: Borrow<User>, T: Borrow<Tag>> PostWithAll<U, T> {
    pub(crate) fn entry(&self) -> Entry {
        self.post
            .entry()
            .with([self.author.borrow().entry()])
            .with(self.tags.iter().map(|tag| tag.borrow().entry()))
            .with(self.comments.iter().map(Comment::entry))
    }
}

pub(crate) fn id(row: &Row) -> i64 {
    row.get(0)
}
