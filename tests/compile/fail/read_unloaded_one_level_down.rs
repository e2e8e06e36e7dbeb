#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::Db;

fn main() {}

async fn tags(db: &Db) -> unlazy::Result<usize> {
    let users = User::query().with(User::POSTS).all(db).await?;
    let mut tags = 0;
    for post in &users[0].posts {
        tags += post.tags.len();
    }
    Ok(tags)
}
