#[path = "../entities.rs"]
mod entities;

use entities::User;

fn main() {}

fn like() {
    let _ = User::ID.like("1%");
    let _ = User::ID.starts_with("1");
}
