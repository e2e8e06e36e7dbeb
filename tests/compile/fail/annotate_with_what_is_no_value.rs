#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::sql;

fn main() {}

fn relation() {
    let _ = User::query().annotate(User::POSTS);
}

fn column_of_another_entity() {
    let _ = User::query().annotate(Post::ID);
    let _ = User::query().annotate((User::POSTS.count(), Post::TAGS.count()));
}

fn sql_without_a_type() {
    let _ = User::query().annotate(sql!("length($1)", User::EMAIL));
}
