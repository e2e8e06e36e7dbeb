#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::{HasLoaded, loaded, relation};

fn main() {}

fn count(user: &impl HasLoaded<relation!(User::posts)>) -> usize {
    User::POSTS.of(user).len()
}

fn bare(user: &User) {
    count(user);
}

fn another(user: &loaded!(User { profile })) {
    count(user);
}

fn deeper(user: &loaded!(User { posts { tags } })) {
    count(user);
}

fn unknown(_: &impl HasLoaded<relation!(User::comments)>) {}

fn malformed(_: &impl HasLoaded<relation!(User)>) {}
