#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::Db;

fn main() {}

fn skips_what_nobody_locks() {
    User::query().skip_locked();
}

async fn counts_what_is_locked(db: &Db) {
    let _ = User::query().for_update().count(db).await;
}

fn filters_what_is_locked() {
    let _ = User::query().for_update().filter(User::ACTIVE);
}
