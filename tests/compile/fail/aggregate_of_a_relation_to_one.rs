#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn aggregates() {
    let _ = Post::AUTHOR.count();
    let _ = Post::AUTHOR.max(User::ID);
    let _ = User::PROFILE.selectin().count();
}
