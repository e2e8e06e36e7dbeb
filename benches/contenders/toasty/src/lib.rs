//! toasty, as its guide advises: relations through `include`, many-to-many by a `via` relation, many rows through
//! `create_many`. Where there is more than one way, it is the one that was the faster, as measured roughly and without
//! optimisation.

mod entries;
pub mod model;

use std::iter;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use toasty::{Db, create, schema::Load, stmt::Value};
use toasty_driver_postgresql::PostgreSQL;
use workload::{BoxError, Case, Contender, Done, LATEST, done};

use crate::model::{Comment, Event, Note, Post, User};

/// Opens a pool of 8 connections.
pub async fn connect(url: &str) -> Result<impl Contender + use<>, BoxError> {
    let db = Db::builder()
        .models(toasty::models!(crate::*))
        .max_pool_size(8)
        .build(PostgreSQL::new(url)?)
        .await?;
    Ok(Toasty { db })
}

struct Toasty {
    db: Db,
}

impl Contender for Toasty {
    fn name(&self) -> &'static str {
        "toasty"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        // A handle to the same pool: what executes a statement has to be borrowed exclusively.
        let db = self.db.clone();
        Box::pin(async move {
            match case {
                Case::UsersPosts { users } => users_posts(db, users.try_into()?).await,
                Case::UsersPostsComments { users } => {
                    users_posts_comments(db, users.try_into()?).await
                }
                Case::PostsAuthor { posts } => posts_author(db, posts.try_into()?).await,
                Case::PostsTags { posts } => posts_tags(db, posts.try_into()?).await,
                Case::PostsAuthorTagsComments { posts } => {
                    posts_author_tags_comments(db, posts.try_into()?).await
                }
                Case::UserByKey { id } => user_by_key(db, id).await,
                Case::FlatRows { rows } => flat_rows(db, rows.try_into()?).await,
                Case::Insert { rows } => insert(db, rows).await,
                Case::UsersLatestPosts { users } => users_latest_posts(db, users.try_into()?).await,
            }
        })
    }
}

async fn users_posts(mut db: Db, users: usize) -> Result<Done, BoxError> {
    let posts = User::fields().posts();
    let users = User::all()
        .order_by(User::fields().id().asc())
        .limit(users)
        .include(posts.order_by(Post::fields().id().asc()))
        .exec(&mut db)
        .await?;
    Ok(done(users, entries::user_posts))
}

async fn users_posts_comments(mut db: Db, users: usize) -> Result<Done, BoxError> {
    let posts = User::fields().posts();
    let comments = User::fields().posts().comments();
    let users = User::all()
        .order_by(User::fields().id().asc())
        .limit(users)
        .include(posts.order_by(Post::fields().id().asc()))
        .include(comments.order_by(Comment::fields().id().asc()))
        .exec(&mut db)
        .await?;
    Ok(done(users, entries::user_posts_comments))
}

async fn posts_author(mut db: Db, posts: usize) -> Result<Done, BoxError> {
    let posts = Post::all()
        .order_by(Post::fields().id().asc())
        .limit(posts)
        .include(Post::fields().author())
        .exec(&mut db)
        .await?;
    Ok(done(posts, entries::post_author))
}

async fn posts_tags(mut db: Db, posts: usize) -> Result<Done, BoxError> {
    let posts = Post::all()
        .order_by(Post::fields().id().asc())
        .limit(posts)
        .include(Post::fields().tags())
        .exec(&mut db)
        .await?;
    Ok(done(posts, entries::post_tags))
}

async fn posts_author_tags_comments(mut db: Db, posts: usize) -> Result<Done, BoxError> {
    let comments = Post::fields().comments();
    let posts = Post::all()
        .order_by(Post::fields().id().asc())
        .limit(posts)
        .include(Post::fields().author())
        .include(Post::fields().tags())
        .include(comments.order_by(Comment::fields().id().asc()))
        .exec(&mut db)
        .await?;
    Ok(done(posts, entries::post_author_tags_comments))
}

async fn user_by_key(mut db: Db, id: i64) -> Result<Done, BoxError> {
    let user = User::get_by_id(&mut db, &id).await?;
    Ok(done(vec![user], entries::user))
}

async fn flat_rows(mut db: Db, rows: usize) -> Result<Done, BoxError> {
    let events = Event::all()
        .order_by(Event::fields().id().asc())
        .limit(rows)
        .exec(&mut db)
        .await?;
    Ok(done(events, entries::event))
}

async fn insert(mut db: Db, rows: i64) -> Result<Done, BoxError> {
    let mut notes = Note::create_many();
    for number in 0..rows {
        let (user_id, title, views, created_at) = workload::note(number);
        let created_at = Timestamp::from_microsecond(created_at.timestamp_micros())?;
        notes = notes.item(create!(Note {
            user_id,
            title,
            views,
            created_at
        }));
    }
    let notes = notes.exec(&mut db).await?;
    Ok(done(notes, entries::note_key))
}

/// No `include` takes a limit. Of the ways that are left, raw SQL was the fastest: including all posts and throwing most
/// of them away took four times as long, and a `batch` of one statement for each user longer still. The rows of raw SQL
/// are plain values, from which [`Load`] makes models.
async fn users_latest_posts(mut db: Db, users: usize) -> Result<Done, BoxError> {
    let mut users = User::all()
        .order_by(User::fields().id().asc())
        .limit(users)
        .exec(&mut db)
        .await?;
    let ids = users.iter().map(|user| user.id.into()).collect();

    // A value for each field of a post in turn; a relation that is not loaded is a null.
    let posts = toasty::sql::query(
        "SELECT id, author_id, title, views, created_at, NULL, NULL, NULL, NULL
         FROM (SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY id DESC) AS place
               FROM posts WHERE author_id = ANY ($1)) AS posts
         WHERE place <= $2
         ORDER BY author_id, id DESC",
    )
    .bind(Value::List(ids))
    .bind(LATEST)
    .exec(&mut db)
    .await?;
    let posts: Vec<Post> = posts
        .into_iter()
        .map(Post::load)
        .collect::<Result<_, _>>()?;

    // Both lists are in the order of the users.
    let mut posts = posts.into_iter().peekable();
    for user in &mut users {
        let of_user = iter::from_fn(|| posts.next_if(|post| post.author_id == user.id));
        user.posts = of_user.collect::<Vec<_>>().into();
    }
    Ok(done(users, entries::user_posts))
}
