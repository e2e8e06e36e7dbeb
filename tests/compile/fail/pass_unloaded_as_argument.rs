#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::{Loaded, loaded};

fn main() {}

fn titles<P>(user: &User<Loaded<Vec<Post>>, P>) -> Vec<&str> {
    user.posts.iter().map(|post| post.title.as_str()).collect()
}

fn digest(_: &loaded!(User { posts { tags }, profile })) {}

fn count(_: &[Post]) {}

fn nothing_loaded(user: User) {
    titles(&user);
    digest(&user);
    count(&user.posts);
}

fn too_little_loaded(user: loaded!(User { posts, profile })) {
    digest(&user);
}

async fn other_relation_loaded(db: &unlazy::Db) -> unlazy::Result<()> {
    let users = User::query().with(User::PROFILE).all(db).await?;
    titles(&users[0]);
    Ok(())
}
