#![deny(warnings)]

#[path = "../entities.rs"]
mod entities;

use std::sync::Arc;

use entities::{Post, Tag, User};
use unlazy::{Db, Loaded, loaded};

fn titles<P>(user: &User<Loaded<Vec<Post>>, P>) -> Vec<&str> {
    user.posts.iter().map(|post| post.title.as_str()).collect()
}

fn tag_names<A, R, P>(
    users: &[User<Loaded<Vec<Post<A, R, Loaded<Vec<Arc<Tag>>>>>>, P>],
) -> Vec<&str> {
    users
        .iter()
        .flat_map(|user| &user.posts)
        .flat_map(|post| &post.tags)
        .map(|tag| tag.name.as_str())
        .collect()
}

fn email<A, B>(user: &User<A, B>) -> &str {
    &user.email
}

fn digest(user: &loaded!(User { posts { tags }, profile })) -> usize {
    let bio = user.profile.as_ref().map_or("", |profile| &profile.bio);
    bio.len() + tag_names(std::slice::from_ref(user)).len() + email(user).len()
}

async fn run(db: &Db) -> unlazy::Result<()> {
    let users: Vec<loaded!(User { profile, posts })> = User::query()
        .with(User::POSTS)
        .with(User::PROFILE)
        .all(db)
        .await?;
    titles(&users[0]);
    let users = User::query()
        .with(User::POSTS.with(Post::TAGS))
        .with(User::PROFILE)
        .all(db)
        .await?;
    digest(&users[0]);
    let plain: Option<loaded!(User)> = User::query().first(db).await?;
    plain.as_ref().map(email);
    Ok(())
}

fn main() {
    let _ = run;
}
