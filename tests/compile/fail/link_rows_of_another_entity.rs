#[path = "../entities.rs"]
mod entities;

use entities::{Post, Tag, User};

fn main() {}

fn another_parent(user: User) {
    Post::TAGS.add(&user, [1, 2]);
}

fn another_target(post: Post, users: Vec<User>) {
    Post::TAGS.add(&post, &users);
}

fn another_key(post: Post) {
    Post::TAGS.set(&post, ["rust"]);
}

fn owned(post: Post, tags: Vec<Tag>) {
    Post::TAGS.remove(&post, tags);
}
