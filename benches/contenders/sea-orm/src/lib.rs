//! SeaORM 2, as its documentation advises: entities in the dense format, relations by its loaders, of which there are
//! two. The Entity Loader (`load().with(..)`) makes nested models. `LoaderTrait` (`load_many`, `load_one`) makes lists
//! that lie beside the parents, and the documentation zips them. Each case takes the one that was the faster in it, as
//! measured roughly and without optimisation.
//!
//! Both loaders bring what they load in order of its key unless one asks for another order.

pub mod entity;
mod entries;

use std::iter;

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, EntityLoaderTrait, EntityTrait, LoaderTrait,
    QuerySelect, Set, raw_sql,
};
use workload::{BoxError, Case, Contender, Done, LATEST, done, key};

use crate::entity::{comment, event, note, post, tag, user};

/// A pool of up to 8 connections.
pub async fn connect(url: &str) -> Result<impl Contender + use<>, BoxError> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(8)
        // Both are on unless one says otherwise, and cost something for each statement: a round trip before it, and an
        // event of the log. Careful users switch them off. This favours SeaORM.
        .test_before_acquire(false)
        .sqlx_logging(false);
    let db = Database::connect(options).await?;
    Ok(SeaOrm { db })
}

struct SeaOrm {
    db: DatabaseConnection,
}

impl Contender for SeaOrm {
    fn name(&self) -> &'static str {
        "SeaORM"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        let db = &self.db;
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

async fn first_users(db: &DatabaseConnection, users: u64) -> Result<Vec<user::Model>, BoxError> {
    let users = user::Entity::find().order_by_id_asc().limit(users);
    Ok(users.all(db).await?)
}

async fn first_posts(db: &DatabaseConnection, posts: u64) -> Result<Vec<post::Model>, BoxError> {
    let posts = post::Entity::find().order_by_id_asc().limit(posts);
    Ok(posts.all(db).await?)
}

async fn users_posts(db: &DatabaseConnection, users: u64) -> Result<Done, BoxError> {
    let users = first_users(db, users).await?;
    let posts = users.load_many(post::Entity, db).await?;
    let loaded = users.into_iter().zip(posts).collect();
    Ok(done(loaded, entries::user_posts))
}

async fn users_posts_comments(db: &DatabaseConnection, users: u64) -> Result<Done, BoxError> {
    let users = first_users(db, users).await?;
    let posts = users.load_many(post::Entity, db).await?;

    // A loader takes one list of parents: that of all users' posts, which is divided among the users again.
    let counts: Vec<usize> = posts.iter().map(Vec::len).collect();
    let posts: Vec<post::Model> = posts.into_iter().flatten().collect();
    let comments = posts.load_many(comment::Entity, db).await?;

    let mut posts = posts.into_iter().zip(comments);
    let posts = counts
        .into_iter()
        .map(|count| posts.by_ref().take(count).collect());
    let loaded = users.into_iter().zip(posts).collect();
    Ok(done(loaded, entries::user_posts_comments))
}

/// `load_one` was faster than a join (`find_also_related`, which is what the Entity Loader does too).
async fn posts_author(db: &DatabaseConnection, posts: u64) -> Result<Done, BoxError> {
    let posts = first_posts(db, posts).await?;
    let authors = posts.load_one(user::Entity, db).await?;
    let loaded = posts.into_iter().zip(authors).collect();
    Ok(done(loaded, entries::post_author))
}

async fn posts_tags(db: &DatabaseConnection, posts: u64) -> Result<Done, BoxError> {
    let posts = first_posts(db, posts).await?;
    let tags = posts.load_many(tag::Entity, db).await?;
    let loaded = posts.into_iter().zip(tags).collect();
    Ok(done(loaded, entries::post_tags))
}

async fn posts_author_tags_comments(db: &DatabaseConnection, posts: u64) -> Result<Done, BoxError> {
    let loaded = post::Entity::load()
        .with(user::Entity)
        .with(tag::Entity)
        .with(comment::Entity)
        .order_by_id_asc()
        .paginate(db, posts)
        .fetch()
        .await?;
    Ok(done(loaded, entries::post_author_tags_comments))
}

async fn user_by_key(db: &DatabaseConnection, id: i64) -> Result<Done, BoxError> {
    let user = user::Entity::find_by_id(id).one(db).await?;
    Ok(done(user.into_iter().collect(), entries::user))
}

async fn flat_rows(db: &DatabaseConnection, rows: u64) -> Result<Done, BoxError> {
    let events = event::Entity::find().order_by_id_asc().limit(rows);
    Ok(done(events.all(db).await?, entries::event))
}

async fn insert(db: &DatabaseConnection, rows: i64) -> Result<Done, BoxError> {
    let notes = (0..rows).map(|number| {
        let (user_id, title, views, created_at) = workload::note(number);
        note::ActiveModel {
            user_id: Set(user_id),
            title: Set(title),
            views: Set(views),
            created_at: Set(created_at),
            ..Default::default()
        }
    });
    let keys = note::Entity::insert_many(notes)
        .exec_with_returning_keys(db)
        .await?;
    Ok(done(keys, key))
}

/// No loader takes a limit for each parent, so the posts come by `raw_sql!`, as models all the same.
async fn users_latest_posts(db: &DatabaseConnection, users: u64) -> Result<Done, BoxError> {
    let users = first_users(db, users).await?;
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    let posts = post::Entity::find()
        .from_raw_sql(raw_sql!(
            Postgres,
            r#"SELECT id, author_id, title, views, created_at
               FROM (SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY id DESC) AS place
                     FROM posts WHERE author_id = ANY ({ids})) AS posts
               WHERE place <= {LATEST}
               ORDER BY author_id, id DESC"#
        ))
        .all(db)
        .await?;

    // Both lists are in the order of the users.
    let mut posts = posts.into_iter().peekable();
    let loaded = users.into_iter().map(|user| {
        let of_user = iter::from_fn(|| posts.next_if(|post| post.author_id == user.id)).collect();
        (user, of_user)
    });
    Ok(done(loaded.collect(), entries::user_posts))
}
