#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn condition() {
    User::query().filter(User::POSTS.count());
}

fn comparisons() {
    let _ = User::POSTS.count().gt("3");
    let _ = User::POSTS.count().is_null();
    let _ = User::POSTS.count().eq(Post::ID);
    let _ = User::POSTS.max(Post::TITLE).gt(3);
}

fn order_of_another_entity() {
    Post::query().order_by(User::POSTS.count().desc());
}
