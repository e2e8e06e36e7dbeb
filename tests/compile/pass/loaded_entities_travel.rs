#![deny(warnings)]

#[path = "../entities.rs"]
mod entities;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use entities::{Post, User};
use unlazy::{Db, loaded};

type WithPosts = loaded!(User { posts { author, tags } });

struct Cache {
    users: Mutex<HashMap<i64, Arc<WithPosts>>>,
    latest: Option<loaded!(Post { author })>,
}

trait Source {
    type User: Send + 'static;
}

impl Source for Cache {
    type User = loaded!(User { profile });
}

async fn in_tasks(db: Db) -> unlazy::Result<Cache> {
    let queries = db.clone();
    let users = tokio::spawn(async move {
        User::query()
            .with(User::POSTS.with(Post::AUTHOR).with(Post::TAGS))
            .all(&queries)
            .await
    })
    .await
    .expect("the task does not panic")?;
    let users: HashMap<_, _> = users
        .into_iter()
        .map(|user| (user.id, Arc::new(user)))
        .collect();
    for user in users.values().cloned() {
        tokio::spawn(async move { user.posts.iter().map(|post| post.author.id).sum::<i64>() });
    }
    Ok(Cache {
        users: Mutex::new(users),
        latest: Post::query().with(Post::AUTHOR).first(&db).await?,
    })
}

fn main() {
    fn is_sendable<T: Send + Sync + 'static>(_: fn(Db) -> T) {}
    fn is_send<T: Send>(_: impl Fn(Db) -> T) {}
    is_send(in_tasks);
    let _ = is_sendable::<<Cache as Source>::User>;
    let _ = |cache: Cache| (cache.users, cache.latest);
}
