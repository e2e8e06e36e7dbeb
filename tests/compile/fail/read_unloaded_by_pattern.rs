#[path = "../entities.rs"]
mod entities;

use entities::Post;

fn main() {}

fn reviewer(post: &Post) {
    if let Some(reviewer) = &post.reviewer {
        println!("{}", reviewer.email);
    }
}

fn reviewer_by_match(post: Post) {
    match post.reviewer {
        Some(reviewer) => println!("{}", reviewer.email),
        None => {}
    }
}
