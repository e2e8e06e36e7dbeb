#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn collection(user: User) {
    user.posts.iter();
    user.posts.len();
    user.posts.is_empty();
    user.posts.first();
    user.posts.last();
    user.posts.get(0);
    user.posts.to_vec();
    user.posts.contains(&1);
    user.posts.into_iter();
    user.posts.into_inner();
}

fn to_one(post: Post) {
    post.reviewer.is_some();
    post.reviewer.as_ref();
    post.reviewer.as_deref();
    post.reviewer.map(|user: User| user.email);
    post.reviewer.unwrap();
}
