//! The rows in the form that all contenders have in common.

use workload::{Entry, entry};

use crate::{
    model::{Comment, Event, Post, Tag, User},
    work::{PostAuthorTagsComments, PostComments, PostTags, UserPosts, UserPostsComments},
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

pub(crate) fn user_posts((of, posts): &UserPosts) -> Entry {
    user(of).with(posts.iter().map(post))
}

fn post_comments((of, comments): &PostComments) -> Entry {
    post(of).with(comments.iter().map(comment))
}

pub(crate) fn user_posts_comments((of, posts): &UserPostsComments) -> Entry {
    user(of).with(posts.iter().map(post_comments))
}

pub(crate) fn post_author((of, author): &(Post, User)) -> Entry {
    post(of).with([user(author)])
}

pub(crate) fn post_tags((of, tags): &PostTags) -> Entry {
    post(of).with(tags.iter().map(tag))
}

pub(crate) fn post_author_tags_comments(
    (of, author, tags, comments): &PostAuthorTagsComments,
) -> Entry {
    post(of)
        .with([user(author)])
        .with(tags.iter().map(tag))
        .with(comments.iter().map(comment))
}
