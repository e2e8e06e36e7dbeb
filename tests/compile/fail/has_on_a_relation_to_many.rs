#[path = "../entities.rs"]
mod entities;

use entities::{Post, Tag, User};

fn main() {}

fn has_many() {
    User::query().filter(User::POSTS.has(Post::TITLE.eq("a")));
}

fn many_to_many() {
    Post::query().filter(Post::TAGS.has(Tag::NAME.eq("a")));
    Post::query().order_by(Post::TAGS.order(Tag::NAME.asc()));
}
