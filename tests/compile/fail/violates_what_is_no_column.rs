#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::Error;

fn main() {}

fn a_relation(error: Error) -> bool {
    error.violates(User::POSTS)
}

fn a_relation_in_a_tuple(error: Error) -> bool {
    error.violates((Post::TITLE, Post::AUTHOR))
}

fn columns_of_two_entities(error: Error) -> bool {
    error.violates((Post::TITLE, User::EMAIL))
}

fn a_name(error: Error) -> bool {
    error.violates("users_email_key")
}

fn a_computed_value(error: Error) -> bool {
    error.violates(User::POSTS.count())
}
