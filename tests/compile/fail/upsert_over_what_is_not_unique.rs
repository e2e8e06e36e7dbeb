#[path = "../entities.rs"]
mod entities;

use entities::*;

fn upsert(new: NewUser) {
    let _ = User::insert(new.clone()).on_conflict(User::EMAIL);
    let _ = User::insert_many([new]).on_conflict(Post::PRIMARY_KEY);
}

fn main() {}
