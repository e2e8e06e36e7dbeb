//! What the README shows.

use unlazy::{Db, Entity, Unloaded};

#[derive(Entity, Debug)]
#[entity(table = "users")]
pub struct User<Posts = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub email: String,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub posts: Posts,
}

#[derive(Entity, Debug)]
#[entity(table = "posts")]
pub struct Post {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub author_id: i64,
}

pub async fn print_digest(db: &Db) -> unlazy::Result<()> {
    let users = User::query()
        .filter(User::EMAIL.ends_with("@example.org"))
        .limit(100)
        .all(db)
        .await?;
    for user in &users {
        println!("{} wrote {} posts", user.email, user.posts.len());
    }
    Ok(())
}

fn main() {}
