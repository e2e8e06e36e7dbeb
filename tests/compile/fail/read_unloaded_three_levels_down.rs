#[path = "../entities.rs"]
mod entities;

use entities::{Post, Tag, User};
use unlazy::Db;

fn main() {}

async fn authors(db: &Db) -> unlazy::Result<()> {
    let users = User::query()
        .with(User::POSTS.with(Post::TAGS.with(Tag::POSTS)))
        .all(db)
        .await?;
    for user in &users {
        for post in &user.posts {
            for tag in &post.tags {
                for related in &tag.posts {
                    println!("{}", related.author.email);
                    println!("{}", related.tags.len());
                }
            }
        }
    }
    Ok(())
}
