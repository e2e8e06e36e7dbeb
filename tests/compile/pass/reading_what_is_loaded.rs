#![deny(warnings)]

#[path = "../entities.rs"]
mod entities;

use std::sync::Arc;

use entities::{Post, Tag, User, UserProfile};
use unlazy::{Loaded, Unloaded, loaded};

fn by_reference(user: &loaded!(User { posts, profile })) -> usize {
    let mut read = user.posts.len();
    for post in &user.posts {
        read += post.title.len();
    }
    if let Some(UserProfile { bio, .. }) = user.profile.as_ref() {
        read += bio.len();
    }
    match &*user.profile {
        Some(profile) => read += profile.bio.len(),
        None => read += 1,
    }
    read + user.posts[0].title.len()
}

fn by_value(user: loaded!(User { posts })) -> Vec<String> {
    let posts: Vec<Post> = user.posts.into_inner();
    posts.into_iter().map(|post| post.title).collect()
}

fn by_mutable_reference(user: &mut loaded!(User { posts })) {
    for post in &mut user.posts {
        post.title.clear();
    }
    user.posts.sort_by_key(|post| post.id);
}

fn to_one(
    post: &loaded!(Post {
         author,
         reviewer,
         tags
     }),
) -> (&str, Option<&str>, Vec<Arc<Tag>>) {
    let reviewer = post
        .reviewer
        .as_ref()
        .map(|reviewer| reviewer.email.as_str());
    (&post.author.email, reviewer, post.tags.to_vec())
}

fn by_hand(post: Post) -> loaded!(User { posts }) {
    User {
        id: 1,
        email: "ann@example.org".to_owned(),
        active: true,
        posts: Loaded::new(vec![post]),
        profile: Unloaded,
    }
}

fn main() {
    let user = by_hand(Post {
        id: 1,
        author_id: 1,
        reviewer_id: None,
        title: "Hello".to_owned(),
        author: Unloaded,
        reviewer: Unloaded,
        tags: Unloaded,
    });
    assert_eq!(by_value(user.clone()), ["Hello"]);
    let mut changed = user.clone();
    by_mutable_reference(&mut changed);
    assert_ne!(changed, user);
    let _ = (by_reference, to_one);
}
