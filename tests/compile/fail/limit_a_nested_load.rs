#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn of_a_relation() {
    User::query().with(User::POSTS.limit(3));
}

fn of_a_load() {
    User::query().with(User::POSTS.order_by(Post::ID).limit(3).with(Post::TAGS));
}

fn of_one_row() {
    Post::query().with(Post::AUTHOR.limit_per_parent(1));
}
