//! The rows in the form that all contenders have in common.

use workload::Entry;

use crate::{
    model::{Comment, Event, Post, Tag, User},
    work::{
        PostAuthorTagsComments, PostComments, PostSharedAuthor, PostTags, UserPosts,
        UserPostsComments,
    },
};

pub(crate) fn user(user: &User) -> Entry {
    Entry::new([
        user.id.into(),
        (&user.email).into(),
        (&user.name).into(),
        user.created_at.into(),
    ])
}

fn post(post: &Post) -> Entry {
    Entry::new([
        post.id.into(),
        post.author_id.into(),
        (&post.title).into(),
        post.views.into(),
        post.created_at.into(),
    ])
}

fn comment(comment: &Comment) -> Entry {
    Entry::new([
        comment.id.into(),
        comment.post_id.into(),
        (&comment.body).into(),
        comment.created_at.into(),
    ])
}

fn tag(tag: &Tag) -> Entry {
    Entry::new([tag.id.into(), (&tag.name).into()])
}

pub(crate) fn event(event: &Event) -> Entry {
    Entry::new([
        event.id.into(),
        event.user_id.into(),
        (&event.kind).into(),
        (&event.path).into(),
        event.status.into(),
        event.duration.into(),
        event.started_at.into(),
        event.ended_at.into(),
    ])
}

pub(crate) fn key(id: &i64) -> Entry {
    Entry::new([(*id).into()])
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
