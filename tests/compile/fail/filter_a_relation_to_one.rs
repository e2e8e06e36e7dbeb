#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn filter() {
    Post::query().with(Post::AUTHOR.filter(User::EMAIL.eq("a")));
}

fn order_by() {
    Post::query().with(Post::AUTHOR.order_by(User::EMAIL));
}
