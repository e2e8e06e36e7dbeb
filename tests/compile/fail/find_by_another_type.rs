#[path = "../entities.rs"]
mod entities;

use entities::{PostTag, User};

fn main() {}

fn find() {
    User::find("ann@example.org");
    User::find(1_i32);
    User::find(Some(1_i64));
}

fn find_many() {
    User::find_many(["ann@example.org"]);
}

fn part_of_a_composite_key() {
    PostTag::find(1_i64);
}

fn entity_of_another_type(tag: PostTag) {
    let _ = User::delete().of(&tag);
}
