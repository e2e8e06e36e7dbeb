#[path = "../entities.rs"]
mod entities;

use entities::*;
use unlazy::Db;

fn upsert(db: Db, new: NewUser) {
    let upsert = User::insert(new).on_conflict(User::PRIMARY_KEY);
    let _ = upsert.clone().do_nothing().one(&db);
    let _ = upsert.clone().do_nothing().one_or_none_upserted(&db);
    let _ = upsert.update().filter(User::ACTIVE).one(&db);
}

fn main() {}
