#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn a_value_of_another_type() {
    let _ = User::ID + 1_i32;
}

fn a_column_of_another_type() {
    let _ = User::ID - User::EMAIL;
}

fn a_column_of_another_entity() {
    let _ = User::ID * Post::ID;
}

fn no_number() {
    let _ = User::EMAIL + 1;
}

fn text() {
    let _ = User::EMAIL + "!";
    let _ = User::ID.concat("!");
}

fn a_column_of_another_type_is_set() {
    let _ = User::update().set(User::EMAIL, User::ID + 1).all_rows();
}

fn null_in_a_required_column() {
    let _ = Post::update().set(Post::AUTHOR_ID, Post::REVIEWER_ID + 1).all_rows();
}
