//! The entities, and how they are told to the benchmark.

use chrono::{DateTime, Utc};
use unlazy::{Entity, Unloaded, loaded};
use workload::{Entry, entry};

#[derive(Entity)]
#[entity(table = "users")]
pub(crate) struct User<Posts = Unloaded> {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub(crate) posts: Posts,
}

#[derive(Entity)]
#[entity(table = "posts")]
pub(crate) struct Post<Author = Unloaded, Tags = Unloaded, Comments = Unloaded> {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) author_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
    #[entity(belongs_to(User, foreign_key = author_id))]
    pub(crate) author: Author,
    #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
    pub(crate) tags: Tags,
    #[entity(has_many(Comment, foreign_key = post_id))]
    pub(crate) comments: Comments,
}

#[derive(Entity)]
#[entity(table = "comments")]
pub(crate) struct Comment {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) post_id: i64,
    pub(crate) body: String,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Entity)]
#[entity(table = "tags")]
pub(crate) struct Tag {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Entity)]
#[entity(table = "events")]
pub(crate) struct Event {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) status: i32,
    pub(crate) duration: i32,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) ended_at: DateTime<Utc>,
}

#[derive(Entity)]
#[entity(table = "notes")]
pub(crate) struct Note {
    #[entity(primary_key, generated)]
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) title: String,
    pub(crate) views: i32,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) type UserWithPosts = loaded!(User { posts });
pub(crate) type UserWithAll = loaded!(User { posts { comments } });
pub(crate) type PostWithAuthor = loaded!(Post { author });
pub(crate) type PostWithTags = loaded!(Post { tags });
pub(crate) type PostWithAll = loaded!(Post {
    author,
    tags,
    comments
});

pub(crate) fn user<P>(user: &User<P>) -> Entry {
    entry!(user => id, email, name, created_at)
}

fn post<A, T, C>(post: &Post<A, T, C>) -> Entry {
    entry!(post => id, author_id, title, views, created_at)
}

fn comment(comment: &Comment) -> Entry {
    entry!(comment => id, post_id, body, created_at)
}

fn tag(tag: &Tag) -> Entry {
    entry!(tag => id, name)
}

pub(crate) fn event(event: &Event) -> Entry {
    entry!(event => id, user_id, kind, path, status, duration, started_at, ended_at)
}

pub(crate) fn user_with_posts(with_posts: &UserWithPosts) -> Entry {
    user(with_posts).with(with_posts.posts.iter().map(post))
}

pub(crate) fn user_with_all(with_all: &UserWithAll) -> Entry {
    let posts = with_all.posts.iter();
    user(with_all).with(posts.map(|with| post(with).with(with.comments.iter().map(comment))))
}

pub(crate) fn post_with_author(with_author: &PostWithAuthor) -> Entry {
    post(with_author).with([user(&with_author.author)])
}

pub(crate) fn post_with_tags(with_tags: &PostWithTags) -> Entry {
    post(with_tags).with(with_tags.tags.iter().map(|linked| tag(linked)))
}

pub(crate) fn post_with_all(with_all: &PostWithAll) -> Entry {
    post(with_all)
        .with([user(&with_all.author)])
        .with(with_all.tags.iter().map(|linked| tag(linked)))
        .with(with_all.comments.iter().map(comment))
}
