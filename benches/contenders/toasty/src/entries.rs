//! What was loaded, in the form that all contenders have in common. No part of the work that is timed.

use jiff::Timestamp;
use workload::{Entry, Value, entry};

use crate::model::{Comment, Event, Note, Post, Tag, User};

pub fn user(user: &User) -> Entry {
    Entry::new([
        (&user.id).into(),
        (&user.email).into(),
        (&user.name).into(),
        time(user.created_at),
    ])
}

pub fn user_posts(loaded: &User) -> Entry {
    user(loaded).with(loaded.posts.get().iter().map(post))
}

pub fn user_posts_comments(loaded: &User) -> Entry {
    let posts = loaded.posts.get().iter();
    user(loaded).with(posts.map(|loaded| post(loaded).with(comments(loaded))))
}

pub fn post_author(loaded: &Post) -> Entry {
    post(loaded).with([user(loaded.author.get())])
}

pub fn post_tags(loaded: &Post) -> Entry {
    post(loaded).with(tags(loaded))
}

pub fn post_author_tags_comments(loaded: &Post) -> Entry {
    post_author(loaded)
        .with(tags(loaded))
        .with(comments(loaded))
}

pub fn event(event: &Event) -> Entry {
    Entry::new([
        (&event.id).into(),
        (&event.user_id).into(),
        (&event.kind).into(),
        (&event.path).into(),
        (&event.status).into(),
        (&event.duration).into(),
        time(event.started_at),
        time(event.ended_at),
    ])
}

pub fn note_key(note: &Note) -> Entry {
    entry!(note => id)
}

fn post(post: &Post) -> Entry {
    Entry::new([
        (&post.id).into(),
        (&post.author_id).into(),
        (&post.title).into(),
        (&post.views).into(),
        time(post.created_at),
    ])
}

fn comments(post: &Post) -> impl Iterator<Item = Entry> {
    post.comments.get().iter().map(|comment: &Comment| {
        Entry::new([
            (&comment.id).into(),
            (&comment.post_id).into(),
            (&comment.body).into(),
            time(comment.created_at),
        ])
    })
}

/// toasty takes no order for what it includes through a `via` relation, so the tags are put in order here, where it
/// costs nothing: this favours toasty.
fn tags(post: &Post) -> Vec<Entry> {
    let mut tags: Vec<&Tag> = post.tags.get().iter().collect();
    tags.sort_by_key(|tag| tag.id);
    let entry = |tag: &&Tag| entry!(tag => id, name);
    tags.iter().map(entry).collect()
}

fn time(at: Timestamp) -> Value {
    Value::Time(at.as_microsecond())
}
