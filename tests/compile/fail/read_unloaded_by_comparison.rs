#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn has_these(user: &User, posts: Vec<Post>) -> bool {
    user.posts == posts
}

fn is_by(post: &Post, user: &User) -> bool {
    post.author == *user
}
