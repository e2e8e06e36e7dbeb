#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn column() {
    User::query().with(User::EMAIL);
    User::query().with(User::POSTS.with(Post::TITLE));
}

fn unknown() {
    User::query().with(User::FRIENDS);
}

fn condition() {
    User::query().with(User::POSTS.any(Post::TITLE.eq("a")));
}
