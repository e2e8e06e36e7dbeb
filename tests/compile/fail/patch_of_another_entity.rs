#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::Patch;

#[derive(Patch)]
#[patch(User)]
struct UserPatch {
    email: Option<String>,
}

fn main() {}

fn of_another_entity(patch: UserPatch) {
    let _ = Post::update().patch(patch).all_rows();
}

fn no_patch(user: User) {
    let _ = User::update().patch(user).all_rows();
}
