#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::sql;

fn main() {}

fn order_by() {
    User::query().order_by(Post::TITLE);
    User::query().order_by(Post::TITLE.desc());
    User::query().order_by(sql!("length($1)", Post::TITLE).desc());
}

fn order_of_a_load() {
    User::query().with(User::POSTS.order_by(User::EMAIL.asc()));
}

fn order_through_a_relation() {
    Post::query().order_by(Post::AUTHOR.order(Post::TITLE.asc()));
}
