//! The work of the benchmark, done by sqlx.
//!
//! sqlx knows no relations. Its users write one query for each level, with the keys of the level above in
//! `= ANY($1)`, and put the rows together with a `HashMap`.

mod entry;
mod model;
mod work;

use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use workload::{BoxError, Case, Contender, Done, done, key};

pub async fn connect(url: &str) -> Result<impl Contender + use<>, BoxError> {
    // In sqlx's favour: no logging of statements, and no ping each time a connection leaves the pool. When it comes
    // back it is pinged in any case.
    let options: PgConnectOptions = url.parse()?;
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .test_before_acquire(false)
        .connect_with(options.disable_statement_logging())
        .await?;
    Ok(Sqlx { pool })
}

struct Sqlx {
    pool: PgPool,
}

impl Contender for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        Box::pin(async move {
            let conn = &mut self.pool.acquire().await?;
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
