//! The same statements as the tuned code sends, each row received and thrown away: nothing can be faster than that.

use std::pin::pin;

use deadpool_postgres::{Client, Pool};
use futures_util::TryStreamExt;
use futures_util::future::{BoxFuture, try_join3};
use tokio_postgres::types::{BorrowToSql, ToSql};
use workload::{BoxError, Case, Contender, Done, Entry, LATEST, Loaded};

use crate::notes::Columns;
use crate::pool::pool;
use crate::sql;

/// Rows that are received and not looked at.
pub fn floor(url: &str) -> Result<impl Contender + use<>, BoxError> {
    Ok(Floor { pool: pool(url)? })
}

struct Floor {
    pool: Pool,
}

struct Discarded;

impl Loaded for Discarded {
    fn entries(&self) -> Option<Vec<Entry>> {
        None
    }
}

impl Contender for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        Box::pin(async move {
            let db = Connection(self.pool.get().await?);
            // Which keys a level asks for is known from the data, so that no row need be read for it.
            let first = |n: i64| -> Vec<i64> { (1..=n).collect() };
            match case {
                Case::UsersPosts { users } => {
                    db.discard(sql::USERS, [users]).await?;
                    db.discard(sql::POSTS_OF_USERS, [first(users)]).await?;
                }
                Case::UsersPostsComments { users } => {
                    db.discard(sql::USERS, [users]).await?;
                    let posts = db.ids_discarding(sql::POSTS_OF_USERS, first(users)).await?;
                    db.discard(sql::COMMENTS_OF_POSTS, [posts]).await?;
                }
                Case::PostsAuthor { posts } => {
                    let authors = db.authors(posts).await?;
                    db.discard(sql::AUTHORS, [authors]).await?;
                }
                Case::PostsTags { posts } => {
                    db.discard(sql::POSTS, [posts]).await?;
                    db.discard(sql::TAGS_OF_POSTS, [first(posts)]).await?;
                }
                Case::PostsAuthorTagsComments { posts } => {
                    let authors = db.authors(posts).await?;
                    try_join3(
                        db.discard(sql::AUTHORS, [authors]),
                        db.discard(sql::TAGS_OF_POSTS, [first(posts)]),
                        db.discard(sql::COMMENTS_OF_POSTS, [first(posts)]),
                    )
                    .await?;
                }
                Case::UserByKey { id } => db.discard(sql::USER, [id]).await?,
                Case::FlatRows { rows } => db.discard(sql::EVENTS, [rows]).await?,
                Case::Insert { rows } => {
                    let notes = Columns::of(rows);
                    let columns: [&(dyn ToSql + Sync); 4] = [
                        &notes.user_ids,
                        &notes.titles,
                        &notes.views,
                        &notes.created_ats,
                    ];
                    db.discard(sql::INSERT_BY_ARRAYS, columns).await?;
                }
                Case::UsersLatestPosts { users } => {
                    db.discard(sql::USERS, [users]).await?;
                    let keys = first(users);
                    let parameters: [&(dyn ToSql + Sync); 2] = [&keys, &LATEST];
                    db.discard(sql::LATEST_POSTS_OF_USERS, parameters).await?;
                }
            }
            Ok(Box::new(Discarded) as Done)
        })
    }
}

struct Connection(Client);

type Result<T, E = BoxError> = std::result::Result<T, E>;

impl Connection {
    async fn discard<P>(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = P, IntoIter: ExactSizeIterator>,
    ) -> Result<()>
    where
        P: BorrowToSql,
    {
        let statement = self.0.prepare_cached(sql).await?;
        let mut rows = pin!(self.0.query_raw(&statement, parameters).await?);
        while rows.try_next().await?.is_some() {}
        Ok(())
    }

    /// Throws away all but the keys, of which the next level needs to know.
    async fn ids_discarding(&self, sql: &str, keys: Vec<i64>) -> Result<Vec<i64>> {
        let statement = self.0.prepare_cached(sql).await?;
        let mut rows = pin!(self.0.query_raw(&statement, [keys]).await?);
        let mut ids = Vec::new();
        while let Some(row) = rows.try_next().await? {
            ids.push(row.get(0));
        }
        Ok(ids)
    }

    async fn authors(&self, posts: i64) -> Result<Vec<i64>> {
        let statement = self.0.prepare_cached(sql::POSTS).await?;
        let mut rows = pin!(self.0.query_raw(&statement, [posts]).await?);
        let mut ids = Vec::<i64>::new();
        while let Some(row) = rows.try_next().await? {
            ids.push(row.get(1));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}
