#[path = "../entities.rs"]
mod entities;

use entities::{Post, Tag, User};

fn main() {}

fn sum_of_text() {
    let _ = User::POSTS.sum(Post::TITLE);
    let _ = Post::TAGS.filter(Tag::ID.gt(1)).avg(Tag::NAME);
}

fn column_of_another_entity() {
    let _ = User::POSTS.max(User::ID);
}

fn relation() {
    let _ = User::POSTS.sum(Post::TAGS);
}

async fn of_a_query(db: unlazy::Db) {
    let _ = User::query().sum(User::EMAIL, &db).await;
    let _ = User::query().max(Post::ID, &db).await;
}
