//! What was loaded, in the form that all contenders have in common. No part of the work that is timed.

use workload::{Entry, entry};

use crate::entity::{comment, event, post, tag, user};

pub fn user(user: &user::Model) -> Entry {
    entry!(user => id, email, name, created_at)
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
    entry!(event => id, user_id, kind, path, status, duration, started_at, ended_at)
}

fn post(post: &post::Model) -> Entry {
    entry!(post => id, author_id, title, views, created_at)
}

fn comment(comment: &comment::Model) -> Entry {
    entry!(comment => id, post_id, body, created_at)
}

fn tag(tag: &tag::Model) -> Entry {
    entry!(tag => id, name)
}
