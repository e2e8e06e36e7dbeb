//! The queries, and how their rows are put together.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use workload::note;

use crate::{
    latest::LatestPosts,
    model::{Comment, Event, NewNote, Post, PostTag, Tag, User},
    schema::{comments, events, notes, post_tags, posts, tags, users},
};

pub(crate) type UserPosts = (User, Vec<Post>);
pub(crate) type PostComments = (Post, Vec<Comment>);
pub(crate) type UserPostsComments = (User, Vec<PostComments>);
pub(crate) type PostTags = (Post, Vec<Tag>);
pub(crate) type PostAuthorTagsComments = (Post, User, Vec<Tag>, Vec<Comment>);

async fn users(conn: &mut AsyncPgConnection, n: i64) -> QueryResult<Vec<User>> {
    users::table
        .select(User::as_select())
        .order(users::id)
        .limit(n)
        .load(conn)
        .await
}

pub(crate) async fn users_posts(
    conn: &mut AsyncPgConnection,
    n: i64,
) -> QueryResult<Vec<UserPosts>> {
    let users = users(conn, n).await?;
    let posts = Post::belonging_to(&users)
        .select(Post::as_select())
        .order(posts::id)
        .load(conn)
        .await?
        .grouped_by(&users);
    Ok(users.into_iter().zip(posts).collect())
}

pub(crate) async fn users_posts_comments(
    conn: &mut AsyncPgConnection,
    n: i64,
) -> QueryResult<Vec<UserPostsComments>> {
    let users = users(conn, n).await?;
    let posts = Post::belonging_to(&users)
        .select(Post::as_select())
        .order(posts::id)
        .load(conn)
        .await?;
    let comments = Comment::belonging_to(&posts)
        .select(Comment::as_select())
        .order(comments::id)
        .load(conn)
        .await?
        .grouped_by(&posts);
    let posts = posts.into_iter().zip(comments).grouped_by(&users);
    Ok(users.into_iter().zip(posts).collect())
}

/// What a row refers to, a join brings along with it.
pub(crate) async fn posts_author(
    conn: &mut AsyncPgConnection,
    n: i64,
) -> QueryResult<Vec<(Post, User)>> {
    posts::table
        .inner_join(users::table)
        .select((Post::as_select(), User::as_select()))
        .order(posts::id)
        .limit(n)
        .load(conn)
        .await
}

/// The rows of the table between the two tell which post a tag belongs to, and are then dropped.
pub(crate) async fn posts_tags(conn: &mut AsyncPgConnection, n: i64) -> QueryResult<Vec<PostTags>> {
    let posts = posts::table
        .select(Post::as_select())
        .order(posts::id)
        .limit(n)
        .load(conn)
        .await?;
    let tags = PostTag::belonging_to(&posts)
        .inner_join(tags::table)
        .select((PostTag::as_select(), Tag::as_select()))
        .order(post_tags::tag_id)
        .load(conn)
        .await?
        .grouped_by(&posts);
    Ok(posts
        .into_iter()
        .zip(tags)
        .map(|(post, tags)| (post, without_links(tags)))
        .collect())
}

pub(crate) async fn posts_author_tags_comments(
    mut conn: &AsyncPgConnection,
    n: i64,
) -> QueryResult<Vec<PostAuthorTagsComments>> {
    let (posts, authors): (Vec<_>, Vec<_>) = posts::table
        .inner_join(users::table)
        .select((Post::as_select(), User::as_select()))
        .order(posts::id)
        .limit(n)
        .load::<(Post, User)>(&mut conn)
        .await?
        .into_iter()
        .unzip();

    // Neither needs the other: with a shared connection they are pipelined, as `AsyncPgConnection` documents.
    let tags = PostTag::belonging_to(&posts)
        .inner_join(tags::table)
        .select((PostTag::as_select(), Tag::as_select()))
        .order(post_tags::tag_id)
        .load(&mut conn);
    let comments = Comment::belonging_to(&posts)
        .select(Comment::as_select())
        .order(comments::id)
        .load(&mut conn);
    let (tags, comments) = try_join(tags, comments).await?;

    let tags = tags.grouped_by(&posts);
    let comments = comments.grouped_by(&posts);
    Ok(posts
        .into_iter()
        .zip(authors)
        .zip(tags.into_iter().zip(comments))
        .map(|((post, author), (tags, comments))| (post, author, without_links(tags), comments))
        .collect())
}

fn without_links(tags: Vec<(PostTag, Tag)>) -> Vec<Tag> {
    tags.into_iter().map(|(_, tag)| tag).collect()
}

pub(crate) async fn user_by_key(
    conn: &mut AsyncPgConnection,
    id: i64,
) -> QueryResult<Option<User>> {
    users::table
        .find(id)
        .select(User::as_select())
        .get_result(conn)
        .await
        .optional()
}

pub(crate) async fn events(conn: &mut AsyncPgConnection, n: i64) -> QueryResult<Vec<Event>> {
    events::table
        .select(Event::as_select())
        .order(events::id)
        .limit(n)
        .load(conn)
        .await
}

pub(crate) async fn insert_notes(conn: &mut AsyncPgConnection, n: i64) -> QueryResult<Vec<i64>> {
    /// Each value of each row is a parameter, of which a statement can have 65,535.
    const ROWS_PER_STATEMENT: usize = 65_535 / 4;

    let new: Vec<NewNote> = (0..n)
        .map(|number| {
            let (user_id, title, views, created_at) = note(number);
            NewNote {
                user_id,
                title,
                views,
                created_at,
            }
        })
        .collect();
    let mut ids = Vec::with_capacity(new.len());
    for rows in new.chunks(ROWS_PER_STATEMENT) {
        let stored: Vec<i64> = diesel::insert_into(notes::table)
            .values(rows)
            .returning(notes::id)
            .get_results(conn)
            .await?;
        ids.extend(stored);
    }
    Ok(ids)
}

pub(crate) async fn users_latest_posts(
    conn: &mut AsyncPgConnection,
    n: i64,
) -> QueryResult<Vec<UserPosts>> {
    let users = users(conn, n).await?;
    let posts = LatestPosts::belonging_to(&users)
        .load::<Post>(conn)
        .await?
        .grouped_by(&users);
    Ok(users.into_iter().zip(posts).collect())
}
