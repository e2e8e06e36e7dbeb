#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};

fn main() {}

fn plain() {
    User::query().with(User::POSTS).with(User::POSTS);
}

fn with_options() {
    User::query()
        .with(User::POSTS.order_by(Post::ID))
        .with(User::PROFILE)
        .with(User::POSTS.filter(Post::TITLE.ne("")));
}

fn nested() {
    User::query().with(
        User::POSTS
            .with(Post::TAGS)
            .with(Post::AUTHOR)
            .with(Post::TAGS.selectin()),
    );
}
