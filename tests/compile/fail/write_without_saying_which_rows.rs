#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::Db;

fn main() {}

async fn update(db: &Db) -> unlazy::Result<()> {
    User::update().set(User::ACTIVE, false).execute(db).await?;
    User::update().set(User::ACTIVE, false).one(db).await?;
    Ok(())
}

async fn delete(db: &Db) -> unlazy::Result<()> {
    User::delete().execute(db).await?;
    User::delete().all(db).await?;
    Ok(())
}
