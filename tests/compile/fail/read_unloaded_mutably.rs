#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn change(mut user: User, post: Post) {
    user.posts.push(post);
    user.posts.sort_by_key(|post: &Post| post.id);
    user.posts.iter_mut();
}
