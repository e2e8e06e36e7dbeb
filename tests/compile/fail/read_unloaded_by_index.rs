#[path = "../entities.rs"]
mod entities;

use entities::User;

fn main() {}

fn first(user: &User) -> &str {
    &user.posts[0].title
}
