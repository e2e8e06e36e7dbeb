#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn aggregates() {
    let _ = User::POSTS.with(Post::TAGS).count();
    let _ = User::POSTS.with(Post::AUTHOR).filter(Post::ID.gt(1)).exists();
}
