#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::Patch;

fn main() {
    let _ = User::update();
}

#[derive(Patch)]
struct WithoutAnEntity {
    email: String,
}

#[derive(Patch)]
#[patch(entity = User)]
#[patch(User)]
struct Malformed {
    #[patch(skipped)]
    id: i64,
    #[patch(skip)]
    #[patch(skip)]
    email: String,
    #[patch]
    active: bool,
}

#[derive(Patch)]
#[patch(User)]
#[patch(User)]
struct Twice {
    email: String,
}

#[derive(Patch)]
#[patch(User)]
struct Unnamed(String);

#[derive(Patch)]
#[patch(User)]
enum Choice {
    Email(String),
}
