//! As well as it can be written: rows are decoded as they arrive and go straight to where they belong, statements that do
//! not depend on each other are sent together, and what several rows share is decoded once.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::{Client, Pool};
use futures_util::TryStreamExt;
use futures_util::future::{BoxFuture, try_join3};
use hashbrown::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::{BorrowToSql, ToSql};
use workload::{BoxError, Case, Contender, Done, LATEST, done, key};

use crate::notes::Columns;
use crate::pool::pool;
use crate::rows::{
    Comment, Event, Post, PostWithAll, PostWithAuthor, PostWithComments, PostWithTags, Tag, User,
    UserWithAll, UserWithPosts, id,
};
use crate::sql;

/// Hand-written code as fast as it gets without giving up what a program needs.
pub fn tuned(url: &str) -> Result<impl Contender + use<>, BoxError> {
    Ok(Tuned { pool: pool(url)? })
}

struct Tuned {
    pool: Pool,
}

impl Contender for Tuned {
    fn name(&self) -> &'static str {
        "tokio-postgres tuned"
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
                Case::FlatRows { rows } => {
                    done(db.all(sql::EVENTS, rows, Event::read).await?, Event::entry)
                }
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
    /// Sends a statement and hands over its rows as they arrive.
    async fn each<P>(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = P, IntoIter: ExactSizeIterator>,
        mut each: impl FnMut(&Row) -> Result<()>,
    ) -> Result<()>
    where
        P: BorrowToSql,
    {
        let statement = self.0.prepare_cached(sql).await?;
        let mut rows = pin!(self.0.query_raw(&statement, parameters).await?);
        while let Some(row) = rows.try_next().await? {
            each(&row)?;
        }
        Ok(())
    }

    async fn all<T>(&self, sql: &str, limit: i64, read: fn(&Row) -> T) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let read = |row: &Row| {
            all.push(read(row));
            Ok(())
        };
        self.each(sql, [limit], read).await?;
        Ok(all)
    }

    async fn users_posts(&self, users: i64) -> Result<Vec<UserWithPosts>> {
        let mut users = self.users(users).await?;
        let ids = ids(&users, |user| user.user.id);
        let mut place = Places::new(&ids);
        let keys: [&Vec<i64>; 1] = [&ids];
        self.each(sql::POSTS_OF_USERS, keys, |row| {
            let post = Post::read(row);
            users[place.of(post.author_id)?].posts.push(post);
            Ok(())
        })
        .await?;
        Ok(users)
    }

    async fn users_latest_posts(&self, users: i64) -> Result<Vec<UserWithPosts>> {
        let mut users = self.users(users).await?;
        let ids = ids(&users, |user| user.user.id);
        let mut place = Places::new(&ids);
        let parameters: [&(dyn ToSql + Sync); 2] = [&ids, &LATEST];
        self.each(sql::LATEST_POSTS_OF_USERS, parameters, |row| {
            let post = Post::read(row);
            users[place.of(post.author_id)?].posts.push(post);
            Ok(())
        })
        .await?;
        Ok(users)
    }

    async fn users(&self, users: i64) -> Result<Vec<UserWithPosts>> {
        let read = |row: &Row| UserWithPosts {
            user: User::read(row),
            posts: Vec::new(),
        };
        self.all(sql::USERS, users, read).await
    }

    async fn users_posts_comments(&self, users: i64) -> Result<Vec<UserWithAll>> {
        let read = |row: &Row| UserWithAll {
            user: User::read(row),
            posts: Vec::new(),
        };
        let mut users = self.all(sql::USERS, users, read).await?;
        let user_ids = ids(&users, |user| user.user.id);
        let mut posts: Vec<PostWithComments> = Vec::new();
        let keys: [&Vec<i64>; 1] = [&user_ids];
        self.each(sql::POSTS_OF_USERS, keys, |row| {
            posts.push(PostWithComments {
                post: Post::read(row),
                comments: Vec::new(),
            });
            Ok(())
        })
        .await?;
        let post_ids = ids(&posts, |post| post.post.id);
        let mut place = Places::new(&post_ids);
        let keys: [&Vec<i64>; 1] = [&post_ids];
        self.each(sql::COMMENTS_OF_POSTS, keys, |row| {
            let comment = Comment::read(row);
            posts[place.of(comment.post_id)?].comments.push(comment);
            Ok(())
        })
        .await?;
        let mut place = Places::new(&user_ids);
        for post in posts {
            users[place.of(post.post.author_id)?].posts.push(post);
        }
        Ok(users)
    }

    async fn posts_author(&self, posts: i64) -> Result<Vec<PostWithAuthor<Arc<User>>>> {
        let posts = self.all(sql::POSTS, posts, Post::read).await?;
        let authors = self.authors(&posts).await?;
        posts
            .into_iter()
            .map(|post| {
                let author = authors.get(&post.author_id).ok_or(MISSING)?;
                Ok(PostWithAuthor {
                    author: Arc::clone(author),
                    post,
                })
            })
            .collect()
    }

    async fn posts_tags(&self, posts: i64) -> Result<Vec<PostWithTags<Arc<Tag>>>> {
        let posts = self.all(sql::POSTS, posts, Post::read).await?;
        let tags = self.tags(&posts).await?;
        Ok(posts
            .into_iter()
            .zip(tags)
            .map(|(post, tags)| PostWithTags { post, tags })
            .collect())
    }

    async fn posts_all(&self, posts: i64) -> Result<Vec<PostWithAll<Arc<User>, Arc<Tag>>>> {
        let posts = self.all(sql::POSTS, posts, Post::read).await?;
        let (authors, tags, comments) = try_join3(
            self.authors(&posts),
            self.tags(&posts),
            self.comments(&posts),
        )
        .await?;
        posts
            .into_iter()
            .zip(tags)
            .zip(comments)
            .map(|((post, tags), comments)| {
                let author = authors.get(&post.author_id).ok_or(MISSING)?;
                Ok(PostWithAll {
                    author: Arc::clone(author),
                    tags,
                    comments,
                    post,
                })
            })
            .collect()
    }

    async fn authors(&self, posts: &[Post]) -> Result<HashMap<i64, Arc<User>>> {
        let mut ids = ids(posts, |post| post.author_id);
        ids.sort_unstable();
        ids.dedup();
        let mut authors = HashMap::with_capacity(ids.len());
        let keys: [&Vec<i64>; 1] = [&ids];
        self.each(sql::AUTHORS, keys, |row| {
            let user = User::read(row);
            authors.insert(user.id, Arc::new(user));
            Ok(())
        })
        .await?;
        Ok(authors)
    }

    async fn tags(&self, posts: &[Post]) -> Result<Vec<Vec<Arc<Tag>>>> {
        let ids = ids(posts, |post| post.id);
        let mut place = Places::new(&ids);
        let mut of_posts: Vec<Vec<Arc<Tag>>> = posts.iter().map(|_| Vec::new()).collect();
        let mut known = HashMap::<i64, Arc<Tag>>::new();
        let keys: [&Vec<i64>; 1] = [&ids];
        self.each(sql::TAGS_OF_POSTS, keys, |row| {
            let tag = known
                .entry(row.get(1))
                .or_insert_with(|| Arc::new(Tag::read_at(row, 1)));
            of_posts[place.of(row.get(0))?].push(Arc::clone(tag));
            Ok(())
        })
        .await?;
        Ok(of_posts)
    }

    async fn comments(&self, posts: &[Post]) -> Result<Vec<Vec<Comment>>> {
        let ids = ids(posts, |post| post.id);
        let mut place = Places::new(&ids);
        let mut of_posts: Vec<Vec<Comment>> = posts.iter().map(|_| Vec::new()).collect();
        let keys: [&Vec<i64>; 1] = [&ids];
        self.each(sql::COMMENTS_OF_POSTS, keys, |row| {
            let comment = Comment::read(row);
            of_posts[place.of(comment.post_id)?].push(comment);
            Ok(())
        })
        .await?;
        Ok(of_posts)
    }

    async fn user(&self, id: i64) -> Result<User> {
        let statement = self.0.prepare_cached(sql::USER).await?;
        let row = self.0.query_one(&statement, &[&id]).await?;
        Ok(User::read(&row))
    }

    async fn insert(&self, rows: i64) -> Result<Vec<i64>> {
        let notes = Columns::of(rows);
        let columns: [&(dyn ToSql + Sync); 4] = [
            &notes.user_ids,
            &notes.titles,
            &notes.views,
            &notes.created_ats,
        ];
        let mut ids = Vec::with_capacity(notes.user_ids.len());
        self.each(sql::INSERT_BY_ARRAYS, columns, |row| {
            ids.push(id(row));
            Ok(())
        })
        .await?;
        Ok(ids)
    }
}

const MISSING: &str = "a row refers to one that is not there";

fn ids<T>(rows: &[T], id: fn(&T) -> i64) -> Vec<i64> {
    rows.iter().map(id).collect()
}

/// Where the rows with these keys stand. Rows of the same parent often come one after the other.
struct Places {
    by_key: HashMap<i64, usize>,
    last: Option<(i64, usize)>,
}

impl Places {
    fn new(keys: &[i64]) -> Self {
        Self {
            by_key: keys.iter().copied().zip(0..).collect(),
            last: None,
        }
    }

    fn of(&mut self, key: i64) -> Result<usize> {
        if let Some((last, place)) = self.last
            && last == key
        {
            return Ok(place);
        }
        let place = *self.by_key.get(&key).ok_or(MISSING)?;
        self.last = Some((key, place));
        Ok(place)
    }
}
