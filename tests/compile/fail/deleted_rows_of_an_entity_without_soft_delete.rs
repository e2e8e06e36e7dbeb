#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn asked_for() {
    let _ = User::query().with_deleted();
    let _ = User::POSTS.with_deleted();
    let _ = Post::update().with_deleted();
}

fn deleted_for_good(user: &User) {
    let _ = User::delete().for_good().of(user);
}
