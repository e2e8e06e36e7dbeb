#[path = "../entities.rs"]
mod entities;

use entities::{NewPost, NewUser, Post};

fn main() {}

fn author_of_a_post(post: NewPost) {
    post.with(Post::AUTHOR.insert(["ann@example.org"], |_, email| NewUser {
        email: email.into(),
        active: true,
    }));
}
