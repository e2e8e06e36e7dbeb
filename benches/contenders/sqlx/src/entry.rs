//! The rows in the form that all contenders have in common.

use workload::{Entry, entry};

use crate::{
    model::{Comment, Event, Post, Tag, User},
    work::{
        PostAuthorTagsComments, PostComments, PostSharedAuthor, PostTags, UserPosts,
        UserPostsComments,
    },
};

pub(crate) fn user(user: &User) -> Entry {
    entry!(user => id, email, name, created_at)
}

fn post(post: &Post) -> Entry {
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

pub(crate) fn user_posts(with: &UserPosts) -> Entry {
    user(&with.user).with(with.posts.iter().map(post))
}

fn post_comments(with: &PostComments) -> Entry {
    post(&with.post).with(with.comments.iter().map(comment))
}

pub(crate) fn user_posts_comments(with: &UserPostsComments) -> Entry {
    user(&with.user).with(with.posts.iter().map(post_comments))
}

pub(crate) fn post_author(with: &PostSharedAuthor) -> Entry {
    post(&with.post).with([user(&with.author)])
}

pub(crate) fn post_tags(with: &PostTags) -> Entry {
    post(&with.post).with(with.tags.iter().map(tag))
}

pub(crate) fn post_author_tags_comments(with: &PostAuthorTagsComments) -> Entry {
    post(&with.post)
        .with([user(&with.author)])
        .with(with.tags.iter().map(tag))
        .with(with.comments.iter().map(comment))
}
