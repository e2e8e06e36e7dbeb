#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn has_many() {
    User::query().with(User::POSTS.joined());
}

fn many_to_many() {
    Post::query().with(Post::TAGS.with(entities::Tag::POSTS).joined());
}
