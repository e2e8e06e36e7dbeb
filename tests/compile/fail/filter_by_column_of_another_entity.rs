#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::sql;

fn main() {}

fn filter() {
    User::query().filter(Post::TITLE.eq("a"));
}

fn within_a_condition() {
    User::query().filter(User::ID.eq(1).and(Post::TITLE.eq("a")));
    User::query().filter(User::ID.eq(1) | Post::TITLE.eq("a"));
}

fn filter_of_a_load() {
    User::query().with(User::POSTS.filter(User::EMAIL.eq("a")));
}

fn condition_through_a_relation() {
    User::query().filter(User::POSTS.any(User::EMAIL.eq("a")));
}

fn bool_column() {
    Post::query().filter(User::ACTIVE);
}

fn not_a_condition() {
    User::query().filter(User::EMAIL);
    User::query().filter(true);
}

fn operand() {
    User::query().filter(User::EMAIL.eq(Post::TITLE));
}

fn raw_sql() {
    User::query().filter(sql!("$1 = 'a'", Post::TITLE));
}

fn update_and_delete() {
    let _ = User::update().set(Post::TITLE, "a").all_rows();
    let _ = User::delete().filter(Post::TITLE.eq("a"));
}
