#[path = "../entities.rs"]
mod entities;

use entities::{Post, PostTag, Tag};
use unlazy::{Entity, Unloaded};

#[derive(Entity)]
#[entity(table = "users")]
struct Writer<Posts = Unloaded, Sorted = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Post, foreign_key = author_id, filter = Tag::NAME.eq("a")))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = author_id, order_by = (Post::TITLE, Tag::NAME)))]
    sorted: Sorted,
}

#[derive(Entity)]
#[entity(table = "tags")]
struct Label<Posts = Unloaded, Sorted = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(Post, through = PostTag(tag_id, post_id), filter_link = Post::ID.gt(1)))]
    posts: Posts,
    #[entity(many_to_many(Post, through = PostTag(tag_id, post_id), filter = Post::TITEL.eq("a")))]
    sorted: Sorted,
}

fn main() {}
