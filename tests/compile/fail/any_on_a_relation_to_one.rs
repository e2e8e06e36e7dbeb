#[path = "../entities.rs"]
mod entities;

use entities::{Post, User, UserProfile};

fn main() {}

fn belongs_to() {
    Post::query().filter(Post::AUTHOR.any(User::EMAIL.eq("a")));
    Post::query().filter(Post::REVIEWER.none(User::EMAIL.eq("a")));
}

fn has_one() {
    User::query().filter(User::PROFILE.any(UserProfile::BIO.eq("a")));
}
