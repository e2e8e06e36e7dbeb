//! The work of the benchmark, done by diesel-async.
//!
//! Relations are loaded as diesel's guide to them advises: children with `belonging_to`, one query for each level, put
//! together with `grouped_by`; what a row refers to with `inner_join`.

mod entry;
mod latest;

mod model;
mod schema;
mod work;

use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool,
    },
};
use futures_util::future::BoxFuture;
use workload::{BoxError, Case, Contender, Done, done, key};

pub async fn connect(url: &str) -> Result<impl Contender + use<>, BoxError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    // In diesel's favour: the default sends a query of its own each time a connection leaves the pool.
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    let pool = Pool::builder(manager).max_size(8).build()?;
    // Tells now, not with the first piece of work, that there is no database.
    drop(pool.get().await?);
    Ok(Diesel { pool })
}

struct Diesel {
    pool: Pool<AsyncPgConnection>,
}

impl Contender for Diesel {
    fn name(&self) -> &'static str {
        "diesel-async"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        Box::pin(async move {
            let conn = &mut self.pool.get().await?;
            Ok(match case {
                Case::UsersPosts { users } => {
                    done(work::users_posts(conn, users).await?, entry::user_posts)
                }
                Case::UsersPostsComments { users } => done(
                    work::users_posts_comments(conn, users).await?,
                    entry::user_posts_comments,
                ),
                Case::PostsAuthor { posts } => {
                    done(work::posts_author(conn, posts).await?, entry::post_author)
                }
                Case::PostsTags { posts } => {
                    done(work::posts_tags(conn, posts).await?, entry::post_tags)
                }
                Case::PostsAuthorTagsComments { posts } => done(
                    work::posts_author_tags_comments(conn, posts).await?,
                    entry::post_author_tags_comments,
                ),
                Case::UserByKey { id } => {
                    let user = work::user_by_key(conn, id).await?;
                    done(user.into_iter().collect(), entry::user)
                }
                Case::FlatRows { rows } => done(work::events(conn, rows).await?, entry::event),
                Case::Insert { rows } => done(work::insert_notes(conn, rows).await?, key),
                Case::UsersLatestPosts { users } => done(
                    work::users_latest_posts(conn, users).await?,
                    entry::user_posts,
                ),
            })
        })
    }
}
