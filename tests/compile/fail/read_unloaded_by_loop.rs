#[path = "../entities.rs"]
mod entities;

use entities::User;

fn main() {}

fn by_reference(user: &User) {
    for post in &user.posts {
        println!("{}", post.title);
    }
}

fn by_mutable_reference(user: &mut User) {
    for post in &mut user.posts {
        post.title.clear();
    }
}

fn by_value(user: User) {
    for post in user.posts {
        println!("{}", post.title);
    }
}

fn chained(users: &[User]) -> Vec<i64> {
    users
        .iter()
        .flat_map(|user| &user.posts)
        .map(|post| post.id)
        .collect()
}
