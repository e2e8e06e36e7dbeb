#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn author(post: &Post) -> &User {
    &*post.author
}
