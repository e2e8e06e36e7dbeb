#[path = "../entities.rs"]
mod entities;

use entities::User;

fn main() {}

fn is_null() {
    let _ = User::EMAIL.is_null();
    let _ = User::EMAIL.is_not_distinct_from(None);
}
