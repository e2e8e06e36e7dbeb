//! What was loaded, in the form that all contenders have in common. No part of the work that is timed.

use workload::Entry;

use crate::entity::{comment, event, post, tag, user};

pub fn user(user: &user::Model) -> Entry {
    Entry::new([
        user.id.into(),
        (&user.email).into(),
        (&user.name).into(),
        user.created_at.into(),
    ])
}

pub fn user_posts((loaded, posts): &(user::Model, Vec<post::Model>)) -> Entry {
    user(loaded).with(posts.iter().map(post))
}

pub fn user_posts_comments(
    (loaded, posts): &(user::Model, Vec<(post::Model, Vec<comment::Model>)>),
) -> Entry {
    let posts = posts.iter();
    user(loaded).with(posts.map(|(loaded, comments)| {
        let comments = comments.iter();
        post(loaded).with(comments.map(comment))
    }))
}

pub fn post_author((loaded, author): &(post::Model, Option<user::Model>)) -> Entry {
    post(loaded).with(author.iter().map(user))
}

pub fn post_tags((loaded, tags): &(post::Model, Vec<tag::Model>)) -> Entry {
    post(loaded).with(tags.iter().map(tag))
}

pub fn post_author_tags_comments(loaded: &post::ModelEx) -> Entry {
    // The models without what was loaded with them have one way of being told, so these become such.
    post(&loaded.clone().into())
        .with(
            loaded
                .author
                .as_ref()
                .map(|author| user(&author.clone().into())),
        )
        .with(loaded.tags.iter().map(|loaded| tag(&loaded.clone().into())))
        .with(
            loaded
                .comments
                .iter()
                .map(|loaded| comment(&loaded.clone().into())),
        )
}

pub fn event(event: &event::Model) -> Entry {
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

pub fn key(key: &i64) -> Entry {
    Entry::new([(*key).into()])
}

fn post(post: &post::Model) -> Entry {
    Entry::new([
        post.id.into(),
        post.author_id.into(),
        (&post.title).into(),
        post.views.into(),
        post.created_at.into(),
    ])
}

fn comment(comment: &comment::Model) -> Entry {
    Entry::new([
        comment.id.into(),
        comment.post_id.into(),
        (&comment.body).into(),
        comment.created_at.into(),
    ])
}

fn tag(tag: &tag::Model) -> Entry {
    Entry::new([tag.id.into(), (&tag.name).into()])
}
