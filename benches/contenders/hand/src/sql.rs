//! The statements.

pub(crate) const USERS: &str = "SELECT id, email, name, created_at FROM users ORDER BY id LIMIT $1";
pub(crate) const USER: &str = "SELECT id, email, name, created_at FROM users WHERE id = $1";
pub(crate) const AUTHORS: &str = "SELECT id, email, name, created_at FROM users WHERE id = ANY($1)";

pub(crate) const POSTS: &str =
    "SELECT id, author_id, title, views, created_at FROM posts ORDER BY id LIMIT $1";
pub(crate) const POSTS_OF_USERS: &str = "SELECT id, author_id, title, views, created_at FROM posts WHERE author_id = ANY($1) ORDER BY id";
pub(crate) const LATEST_POSTS_OF_USERS: &str = "SELECT p.id, p.author_id, p.title, p.views, p.created_at \
     FROM unnest($1::int8[]) AS u (id) CROSS JOIN LATERAL \
     (SELECT * FROM posts WHERE author_id = u.id ORDER BY id DESC LIMIT $2) AS p ORDER BY p.id DESC";
pub(crate) const POSTS_WITH_AUTHOR: &str = "SELECT p.id, p.author_id, p.title, p.views, p.created_at, \
     u.id, u.email, u.name, u.created_at \
     FROM posts AS p JOIN users AS u ON u.id = p.author_id ORDER BY p.id LIMIT $1";

pub(crate) const COMMENTS_OF_POSTS: &str =
    "SELECT id, post_id, body, created_at FROM comments WHERE post_id = ANY($1) ORDER BY id";
pub(crate) const TAGS_OF_POSTS: &str = "SELECT l.post_id, t.id, t.name \
     FROM post_tags AS l JOIN tags AS t ON t.id = l.tag_id WHERE l.post_id = ANY($1) ORDER BY t.id";

pub(crate) const EVENTS: &str = "SELECT id, user_id, kind, path, status, duration, started_at, ended_at \
     FROM events ORDER BY id LIMIT $1";

pub(crate) const INSERT_BY_ARRAYS: &str = "INSERT INTO notes (user_id, title, views, created_at) \
     SELECT * FROM unnest($1::int8[], $2::text[], $3::int4[], $4::timestamptz[]) RETURNING id";
