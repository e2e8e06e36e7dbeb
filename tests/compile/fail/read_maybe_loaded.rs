#[path = "../entities.rs"]
mod entities;

use entities::{Post, User};
use unlazy::{Db, loaded};

fn main() {}

async fn collection(db: &Db, wanted: bool) -> unlazy::Result<()> {
    let user = User::find(1).with_if(wanted, User::POSTS).one(db).await?;
    println!("{}", user.posts.len());
    for post in &user.posts {
        println!("{}", post.id);
    }
    needs_posts(&user);
    Ok(())
}

async fn to_one(db: &Db, wanted: bool) -> unlazy::Result<()> {
    let post = Post::find(1).with_if(wanted, Post::AUTHOR).one(db).await?;
    println!("{}", post.author.email);
    Ok(())
}

fn needs_posts(_: &loaded!(User { posts })) {}
