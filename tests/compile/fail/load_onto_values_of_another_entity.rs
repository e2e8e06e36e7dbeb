#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::{Db, loaded};

fn main() {}

async fn another_entity(db: &Db, posts: Vec<Post>) {
    let _ = User::POSTS.load(posts, db).await;
}

async fn below(db: &Db, users: Vec<loaded!(User { posts })>) {
    let _ = User::POSTS.below(User::PROFILE).load(users, db).await;
}

async fn no_entities(db: &Db, ids: Vec<i64>) {
    let _ = User::POSTS.load(ids, db).await;
}

fn forget(posts: Vec<Post>) {
    User::POSTS.forget(posts);
}
