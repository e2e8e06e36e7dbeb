#[path = "../entities.rs"]
mod entities;

use entities::{NewPost, NewTag, NewUser, Post, User};

fn main() {}

fn relation_of_another_entity(user: NewUser) {
    user.with(Post::TAGS.insert(["rust"], |_, name| NewTag { name: name.into() }));
}

fn row_of_another_entity() {
    User::POSTS.insert(["rust"], |_, name| NewTag { name: name.into() });
}

fn given_twice(user: NewUser) {
    let posts = User::POSTS.insert(["a"], |user, title| new_post(user, title));
    let more = User::POSTS.insert(["b"], |user, title| new_post(user, title));
    user.with(posts).with(more);
}

fn linked_twice(post: NewPost) {
    let tags = Post::TAGS.insert(["rust"], |_, name| NewTag { name: name.into() });
    post.with(tags).with(Post::TAGS.link([1, 2]));
}

fn what_is_there_already(user: NewUser, posts: Vec<Post>) {
    user.with(posts);
}

fn as_a_row_by_itself(user: NewUser) {
    let _ = User::insert(user.with(User::POSTS.insert(["a"], new_post)));
}

fn new_post(user: &User, title: &str) -> NewPost {
    NewPost {
        author_id: user.id,
        reviewer_id: None,
        title: title.to_owned(),
    }
}
