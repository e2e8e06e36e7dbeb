#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn number_with_text() {
    let _ = User::ID.eq("1");
}

fn text_with_number() {
    let _ = User::EMAIL.gt(1);
}

fn wider_number() {
    let _ = User::ID.eq(1_i32);
}

fn column_of_another_type() {
    let _ = User::ID.eq(User::EMAIL);
}

fn option() {
    let _ = User::ID.eq(Some(1_i64));
    let _ = Post::REVIEWER_ID.eq(Some(1_i64));
    let _ = Post::REVIEWER_ID.ne(None);
}

fn is_in() {
    let _ = User::ID.is_in(["a"]);
}

fn between() {
    let _ = User::ID.between("a".."b");
}

fn assignment() {
    let _ = User::update().set(User::EMAIL, 1).all_rows();
    let _ = User::update().set(User::EMAIL, Some("a")).all_rows();
}
