#[path = "../entities.rs"]
mod entities;

use entities::{Post, Tag, User};
use unlazy::{Db, loaded};

fn main() {}

async fn loaded_already(db: &Db, users: Vec<loaded!(User { posts })>) {
    let _ = User::POSTS.load(users, db).await;
}

async fn with_more_below(db: &Db, users: Vec<loaded!(User { posts })>) {
    let _ = User::POSTS.with(Post::TAGS).load(users, db).await;
}

async fn loaded_already_below(db: &Db, users: Vec<loaded!(User { posts { tags } })>) {
    let _ = User::POSTS.below(Post::TAGS).load(users, db).await;
}

async fn below_what_is_not_loaded(db: &Db, users: Vec<User>) {
    let _ = User::POSTS.below(Post::TAGS).load(users, db).await;
}

async fn three_levels_down(db: &Db, users: Vec<loaded!(User { posts { tags } })>) {
    let path = User::POSTS.below(Post::TAGS.below(Tag::POSTS.below(Post::AUTHOR)));
    let _ = path.load(users, db).await;
}
