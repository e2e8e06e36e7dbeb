#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn annotate() {
    let _ = User::query()
        .annotate(User::POSTS.count())
        .with(User::POSTS)
        .annotate(User::POSTS.max(Post::ID));
}
