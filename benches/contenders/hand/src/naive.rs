//! As most would write it: prepared statements one after the other, all rows of one before anything is done with them, and
//! a `HashMap` to bring them together.

use std::collections::HashMap;
use std::fmt::Write;

use deadpool_postgres::{Client, Pool};
use futures_util::future::BoxFuture;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use workload::{BoxError, Case, Contender, Done, LATEST, done, key, note};

use crate::pool::pool;
use crate::rows::{
    Comment, Event, Post, PostWithAll, PostWithAuthor, PostWithComments, PostWithTags, Tag, User,
    UserWithAll, UserWithPosts, id,
};
use crate::sql;

/// Hand-written code as the base of all ratios.
pub fn naive(url: &str) -> Result<impl Contender + use<>, BoxError> {
    Ok(Naive { pool: pool(url)? })
}

struct Naive {
    pool: Pool,
}

impl Contender for Naive {
    fn name(&self) -> &'static str {
        "tokio-postgres naive"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        Box::pin(async move {
            let db = Connection(self.pool.get().await?);
            Ok(match case {
                Case::UsersPosts { users } => {
                    done(db.users_posts(users).await?, UserWithPosts::entry)
                }
                Case::UsersPostsComments { users } => {
                    done(db.users_posts_comments(users).await?, UserWithAll::entry)
                }
                Case::PostsAuthor { posts } => {
                    done(db.posts_author(posts).await?, PostWithAuthor::entry)
                }
                Case::PostsTags { posts } => done(db.posts_tags(posts).await?, PostWithTags::entry),
                Case::PostsAuthorTagsComments { posts } => {
                    done(db.posts_all(posts).await?, PostWithAll::entry)
                }
                Case::UserByKey { id } => done(vec![db.user(id).await?], User::entry),
                Case::FlatRows { rows } => done(db.events(rows).await?, Event::entry),
                Case::Insert { rows } => done(db.insert(rows).await?, key),
                Case::UsersLatestPosts { users } => {
                    done(db.users_latest_posts(users).await?, UserWithPosts::entry)
                }
            })
        })
    }
}

struct Connection(Client);

type Result<T, E = BoxError> = std::result::Result<T, E>;

impl Connection {
    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let statement = self.0.prepare_cached(sql).await?;
        Ok(self.0.query(&statement, parameters).await?)
    }

    async fn all<T>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: fn(&Row) -> T,
    ) -> Result<Vec<T>> {
        let rows = self.query(sql, parameters).await?;
        Ok(rows.iter().map(read).collect())
    }

    async fn users_posts(&self, users: i64) -> Result<Vec<UserWithPosts>> {
        let users = self.all(sql::USERS, &[&users], User::read).await?;
        let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
        let posts = self.all(sql::POSTS_OF_USERS, &[&ids], Post::read).await?;
        Ok(with_posts(users, posts))
    }

    async fn users_latest_posts(&self, users: i64) -> Result<Vec<UserWithPosts>> {
        let users = self.all(sql::USERS, &[&users], User::read).await?;
        let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
        let latest: [&(dyn ToSql + Sync); 2] = [&ids, &LATEST];
        let posts = self.all(sql::LATEST_POSTS_OF_USERS, &latest, Post::read);
        Ok(with_posts(users, posts.await?))
    }

    async fn users_posts_comments(&self, users: i64) -> Result<Vec<UserWithAll>> {
        let users = self.all(sql::USERS, &[&users], User::read).await?;
        let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
        let posts = self.all(sql::POSTS_OF_USERS, &[&ids], Post::read).await?;
        let mut comments = self.comments(&posts).await?;
        let posts = posts.into_iter().map(|post| PostWithComments {
            comments: comments.remove(&post.id).unwrap_or_default(),
            post,
        });
        let mut posts = grouped(posts, |post| post.post.author_id);
        Ok(users
            .into_iter()
            .map(|user| UserWithAll {
                posts: posts.remove(&user.id).unwrap_or_default(),
                user,
            })
            .collect())
    }

    async fn posts_author(&self, posts: i64) -> Result<Vec<PostWithAuthor<User>>> {
        self.all(sql::POSTS_WITH_AUTHOR, &[&posts], |row| PostWithAuthor {
            post: Post::read(row),
            author: User::read_at(row, 5),
        })
        .await
    }

    async fn posts_tags(&self, posts: i64) -> Result<Vec<PostWithTags<Tag>>> {
        let posts = self.all(sql::POSTS, &[&posts], Post::read).await?;
        let mut tags = self.tags(&posts).await?;
        Ok(posts
            .into_iter()
            .map(|post| PostWithTags {
                tags: tags.remove(&post.id).unwrap_or_default(),
                post,
            })
            .collect())
    }

    async fn posts_all(&self, posts: i64) -> Result<Vec<PostWithAll<User, Tag>>> {
        let posts = self.all(sql::POSTS, &[&posts], Post::read).await?;
        let mut ids: Vec<i64> = posts.iter().map(|post| post.author_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let authors = self.all(sql::AUTHORS, &[&ids], User::read).await?;
        let authors: HashMap<i64, User> = authors.into_iter().map(|user| (user.id, user)).collect();
        let mut tags = self.tags(&posts).await?;
        let mut comments = self.comments(&posts).await?;
        posts
            .into_iter()
            .map(|post| {
                let author = authors
                    .get(&post.author_id)
                    .ok_or("a post without author")?;
                Ok(PostWithAll {
                    author: author.clone(),
                    tags: tags.remove(&post.id).unwrap_or_default(),
                    comments: comments.remove(&post.id).unwrap_or_default(),
                    post,
                })
            })
            .collect()
    }

    async fn tags(&self, posts: &[Post]) -> Result<HashMap<i64, Vec<Tag>>> {
        let ids: Vec<i64> = posts.iter().map(|post| post.id).collect();
        let rows = self.query(sql::TAGS_OF_POSTS, &[&ids]).await?;
        let mut tags = HashMap::<i64, Vec<Tag>>::new();
        for row in &rows {
            let tag = Tag::read_at(row, 1);
            tags.entry(row.get(0)).or_default().push(tag);
        }
        Ok(tags)
    }

    async fn comments(&self, posts: &[Post]) -> Result<HashMap<i64, Vec<Comment>>> {
        let ids: Vec<i64> = posts.iter().map(|post| post.id).collect();
        let comments = self
            .all(sql::COMMENTS_OF_POSTS, &[&ids], Comment::read)
            .await?;
        Ok(grouped(comments, |comment| comment.post_id))
    }

    async fn user(&self, id: i64) -> Result<User> {
        let statement = self.0.prepare_cached(sql::USER).await?;
        let row = self.0.query_one(&statement, &[&id]).await?;
        Ok(User::read(&row))
    }

    async fn events(&self, rows: i64) -> Result<Vec<Event>> {
        self.all(sql::EVENTS, &[&rows], Event::read).await
    }

    async fn insert(&self, rows: i64) -> Result<Vec<i64>> {
        let notes: Vec<_> = (0..rows).map(note).collect();
        let mut text = "INSERT INTO notes (user_id, title, views, created_at) VALUES".to_owned();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
        for (user_id, title, views, created_at) in &notes {
            let comma = if parameters.is_empty() { "" } else { "," };
            let last = parameters.len();
            let (a, b, c, d) = (last + 1, last + 2, last + 3, last + 4);
            write!(text, "{comma} (${a}, ${b}, ${c}, ${d})")?;
            let row: [&(dyn ToSql + Sync); 4] = [user_id, title, views, created_at];
            parameters.extend(row);
        }
        text.push_str(" RETURNING id");
        self.all(&text, &parameters, id).await
    }
}

fn with_posts(users: Vec<User>, posts: Vec<Post>) -> Vec<UserWithPosts> {
    let mut posts = grouped(posts, |post| post.author_id);
    users
        .into_iter()
        .map(|user| UserWithPosts {
            posts: posts.remove(&user.id).unwrap_or_default(),
            user,
        })
        .collect()
}

fn grouped<T>(rows: impl IntoIterator<Item = T>, key: fn(&T) -> i64) -> HashMap<i64, Vec<T>> {
    let mut groups = HashMap::<i64, Vec<T>>::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
