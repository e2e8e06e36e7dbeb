#[path = "../entities.rs"]
mod entities;
use entities::*;

fn main() {
    let _ = User::query().with(User::POSTS.recursive());
    let _ = Post::AUTHOR.recursive();
    let _ = Post::TAGS.recursive();
}
