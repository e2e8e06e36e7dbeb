#[path = "../entities.rs"]
mod entities;

use entities::{Post, PostTag, Tag, User};

fn main() {}

fn link_is_a_table() {
    Tag::query().with(Tag::POSTS.order_by_link(PostTag::POST_ID));
}

fn no_link() {
    User::query().with(User::POSTS.filter_link(PostTag::POST_ID.eq(1)));
}

fn wrong_entity() {
    Post::query().with(Post::TAGS.order_by_link(Tag::NAME));
}
