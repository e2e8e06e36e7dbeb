#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn top_level() {
    User::query().with(Post::TAGS);
}

fn after_others() {
    User::query().with(User::POSTS).with(Post::TAGS.selectin());
}

fn nested() {
    User::query().with(User::POSTS.with(User::PROFILE));
}
