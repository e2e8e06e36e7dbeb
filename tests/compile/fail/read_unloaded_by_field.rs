#[path = "../entities.rs"]
mod entities;

use entities::Post;

fn main() {}

fn author(post: Post) -> String {
    post.author.email
}

fn reviewer(post: &Post) -> &str {
    &post.reviewer.email
}
