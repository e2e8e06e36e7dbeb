#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::{Db, Result};

fn main() {}

async fn entities(db: &Db) -> Result<Vec<User>> {
    User::query().annotate(User::POSTS.count()).all(db).await
}

async fn values(db: &Db) -> Result<Vec<(User, i32)>> {
    User::query().annotate(User::POSTS.count()).all(db).await
}
