//! The queries, and how their rows are put together.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;
use workload::{LATEST, note};

use crate::model::{Comment, Event, Post, PostAuthor, Tag, TagOfPost, User};

pub(crate) struct UserPosts {
    pub(crate) user: User,
    pub(crate) posts: Vec<Post>,
}

pub(crate) struct PostComments {
    pub(crate) post: Post,
    pub(crate) comments: Vec<Comment>,
}

pub(crate) struct UserPostsComments {
    pub(crate) user: User,
    pub(crate) posts: Vec<PostComments>,
}

/// A post whose author is shared with the author's other posts.
pub(crate) struct PostSharedAuthor {
    pub(crate) post: Post,
    pub(crate) author: Arc<User>,
}

pub(crate) struct PostTags {
    pub(crate) post: Post,
    pub(crate) tags: Vec<Tag>,
}

pub(crate) struct PostAuthorTagsComments {
    pub(crate) post: Post,
    pub(crate) author: User,
    pub(crate) tags: Vec<Tag>,
    pub(crate) comments: Vec<Comment>,
}

pub(crate) async fn users_posts(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<UserPosts>> {
    let users = first_users(conn, n).await?;
    let posts = posts_of_users(conn, &users).await?;
    Ok(put_posts(users, posts))
}

pub(crate) async fn users_posts_comments(
    conn: &mut PgConnection,
    n: i64,
) -> sqlx::Result<Vec<UserPostsComments>> {
    let users = first_users(conn, n).await?;
    let posts = posts_of_users(conn, &users).await?;
    let comments = comments_of_posts(conn, &keys(&posts, |post| post.id)).await?;

    let mut comments = grouped(posts.len(), comments, |comment| comment.post_id);
    let posts: Vec<PostComments> = posts
        .into_iter()
        .map(|post| PostComments {
            comments: comments.remove(&post.id).unwrap_or_default(),
            post,
        })
        .collect();
    let mut posts = grouped(users.len(), posts, |with| with.post.author_id);
    Ok(users
        .into_iter()
        .map(|user| UserPostsComments {
            posts: posts.remove(&user.id).unwrap_or_default(),
            user,
        })
        .collect())
}

/// A join would be shorter, and is faster for up to some thousand posts. For the 10,000 of the comparison it sends and
/// stores each author ten times over, which takes longer than a second query.
pub(crate) async fn posts_author(
    conn: &mut PgConnection,
    n: i64,
) -> sqlx::Result<Vec<PostSharedAuthor>> {
    let posts = first_posts(conn, n).await?;
    let mut ids = keys(&posts, |post| post.author_id);
    ids.sort_unstable();
    ids.dedup();
    let authors: Vec<User> =
        sqlx::query_as("SELECT id, email, name, created_at FROM users WHERE id = ANY($1)")
            .bind(&ids[..])
            .fetch_all(conn)
            .await?;

    let authors: HashMap<i64, Arc<User>> = authors
        .into_iter()
        .map(|author| (author.id, Arc::new(author)))
        .collect();
    posts
        .into_iter()
        .map(|post| {
            let author = authors
                .get(&post.author_id)
                .ok_or(sqlx::Error::RowNotFound)?;
            Ok(PostSharedAuthor {
                author: Arc::clone(author),
                post,
            })
        })
        .collect()
}

pub(crate) async fn posts_tags(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<PostTags>> {
    let posts = first_posts(conn, n).await?;
    let mut tags = tags_of_posts(conn, &keys(&posts, |post| post.id)).await?;
    Ok(posts
        .into_iter()
        .map(|post| PostTags {
            tags: tags.remove(&post.id).unwrap_or_default(),
            post,
        })
        .collect())
}

/// The author comes by a join: for a page of posts, a query more costs more than a few authors that come twice. The
/// other two queries come one after the other, as sqlx does not pipeline.
pub(crate) async fn posts_author_tags_comments(
    conn: &mut PgConnection,
    n: i64,
) -> sqlx::Result<Vec<PostAuthorTagsComments>> {
    let posts: Vec<PostAuthor> = sqlx::query_as(
        "SELECT posts.id, author_id, title, views, posts.created_at, \
         users.id, email, name, users.created_at \
         FROM posts JOIN users ON users.id = author_id ORDER BY posts.id LIMIT $1",
    )
    .bind(n)
    .fetch_all(&mut *conn)
    .await?;
    let ids = keys(&posts, |with| with.post.id);
    let mut tags = tags_of_posts(conn, &ids).await?;
    let comments = comments_of_posts(conn, &ids).await?;

    let mut comments = grouped(posts.len(), comments, |comment| comment.post_id);
    Ok(posts
        .into_iter()
        .map(|PostAuthor { post, author }| PostAuthorTagsComments {
            tags: tags.remove(&post.id).unwrap_or_default(),
            comments: comments.remove(&post.id).unwrap_or_default(),
            post,
            author,
        })
        .collect())
}

pub(crate) async fn user_by_key(conn: &mut PgConnection, id: i64) -> sqlx::Result<Option<User>> {
    sqlx::query_as("SELECT id, email, name, created_at FROM users WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
}

pub(crate) async fn events(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as(
        "SELECT id, user_id, kind, path, status, duration, started_at, ended_at \
         FROM events ORDER BY id LIMIT $1",
    )
    .bind(n)
    .fetch_all(conn)
    .await
}

/// One array for each column, as sqlx's FAQ advises for bulk inserts.
pub(crate) async fn insert_notes(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<i64>> {
    let rows = usize::try_from(n).unwrap_or_default();
    let mut user_ids = Vec::with_capacity(rows);
    let mut titles = Vec::with_capacity(rows);
    let mut views = Vec::with_capacity(rows);
    let mut created_ats = Vec::with_capacity(rows);
    for (user_id, title, viewed, created_at) in (0..n).map(note) {
        user_ids.push(user_id);
        titles.push(title);
        views.push(viewed);
        created_ats.push(created_at);
    }
    sqlx::query_scalar(
        "INSERT INTO notes (user_id, title, views, created_at) \
         SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::integer[], $4::timestamptz[]) \
         RETURNING id",
    )
    .bind(&user_ids[..])
    .bind(&titles[..])
    .bind(&views[..])
    .bind(&created_ats[..])
    .fetch_all(conn)
    .await
}

/// By a window function, as `LATERAL` is slower for this data.
pub(crate) async fn users_latest_posts(
    conn: &mut PgConnection,
    n: i64,
) -> sqlx::Result<Vec<UserPosts>> {
    let users = first_users(conn, n).await?;
    let posts: Vec<Post> = sqlx::query_as(
        "SELECT id, author_id, title, views, created_at FROM ( \
             SELECT *, row_number() OVER (PARTITION BY author_id ORDER BY id DESC) AS place \
             FROM posts WHERE author_id = ANY($1) \
         ) AS ranked \
         WHERE place <= $2 ORDER BY id DESC",
    )
    .bind(&keys(&users, |user| user.id)[..])
    .bind(LATEST)
    .fetch_all(conn)
    .await?;
    Ok(put_posts(users, posts))
}

async fn first_users(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<User>> {
    sqlx::query_as("SELECT id, email, name, created_at FROM users ORDER BY id LIMIT $1")
        .bind(n)
        .fetch_all(conn)
        .await
}

async fn first_posts(conn: &mut PgConnection, n: i64) -> sqlx::Result<Vec<Post>> {
    sqlx::query_as("SELECT id, author_id, title, views, created_at FROM posts ORDER BY id LIMIT $1")
        .bind(n)
        .fetch_all(conn)
        .await
}

async fn posts_of_users(conn: &mut PgConnection, users: &[User]) -> sqlx::Result<Vec<Post>> {
    sqlx::query_as(
        "SELECT id, author_id, title, views, created_at FROM posts \
         WHERE author_id = ANY($1) ORDER BY id",
    )
    .bind(&keys(users, |user| user.id)[..])
    .fetch_all(conn)
    .await
}

async fn comments_of_posts(conn: &mut PgConnection, posts: &[i64]) -> sqlx::Result<Vec<Comment>> {
    sqlx::query_as(
        "SELECT id, post_id, body, created_at FROM comments WHERE post_id = ANY($1) ORDER BY id",
    )
    .bind(posts)
    .fetch_all(conn)
    .await
}

/// The tags of each post, by the key of the post.
async fn tags_of_posts(
    conn: &mut PgConnection,
    posts: &[i64],
) -> sqlx::Result<HashMap<i64, Vec<Tag>>> {
    let rows: Vec<TagOfPost> = sqlx::query_as(
        "SELECT post_id, id, name FROM post_tags JOIN tags ON id = tag_id \
         WHERE post_id = ANY($1) ORDER BY tag_id",
    )
    .bind(posts)
    .fetch_all(conn)
    .await?;
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::with_capacity(posts.len());
    for TagOfPost { post_id, tag } in rows {
        tags.entry(post_id).or_default().push(tag);
    }
    Ok(tags)
}

fn put_posts(users: Vec<User>, posts: Vec<Post>) -> Vec<UserPosts> {
    let mut posts = grouped(users.len(), posts, |post| post.author_id);
    users
        .into_iter()
        .map(|user| UserPosts {
            posts: posts.remove(&user.id).unwrap_or_default(),
            user,
        })
        .collect()
}

/// The children of each parent, by its key, in the order in which they came.
fn grouped<T>(
    parents: usize,
    children: Vec<T>,
    parent: impl Fn(&T) -> i64,
) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::with_capacity(parents);
    for child in children {
        groups.entry(parent(&child)).or_default().push(child);
    }
    groups
}

fn keys<T>(rows: &[T], key: impl Fn(&T) -> i64) -> Vec<i64> {
    rows.iter().map(key).collect()
}
