#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn has_many(user: User, posts: Vec<Post>) {
    User::POSTS.add(&user, &posts);
    User::POSTS.remove_all(&user);
}

fn belongs_to(post: Post) {
    Post::AUTHOR.set(&post, [1]);
}
