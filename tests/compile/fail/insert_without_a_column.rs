#[path = "../entities.rs"]
mod entities;

use entities::{NewPost, NewUser, Post, User};

fn main() {}

fn missing() {
    let _ = User::insert(NewUser { active: true });
}

fn generated() {
    let _ = User::insert(NewUser {
        id: 1,
        email: String::new(),
        active: true,
    });
}

fn another_entity(new: NewPost) {
    let _ = User::insert(new);
}

fn entity_instead(post: Post) {
    let _ = Post::insert(post);
}
