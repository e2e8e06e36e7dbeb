INSERT INTO users (id, email, name, created_at)
SELECT n, 'user' || n || '@example.org', 'User number ' || n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute'
FROM generate_series(1, {users}) AS n;

-- The posts of a user do not lie next to each other, as in any table that was written to over time.
INSERT INTO posts (id, author_id, title, views, created_at)
SELECT n, 1 + (n::bigint * 7919) % {users}, 'Post number ' || n || ', about this and that', n * 13 % 5000, timestamptz '2026-02-01 00:00:00Z' + n * interval '1 minute'
FROM generate_series(1, {users} * 10) AS n;

INSERT INTO comments (id, post_id, body, created_at)
SELECT n, 1 + (n::bigint * 7919) % ({users} * 10), 'Comment number ' || n || ': what a good post this is!', timestamptz '2026-03-01 00:00:00Z' + n * interval '1 second'
FROM generate_series(1, {users} * 50) AS n;

INSERT INTO tags (id, name)
SELECT n, 'tag-' || n
FROM generate_series(1, 200) AS n;

INSERT INTO post_tags (post_id, tag_id)
SELECT post, 1 + (post * 37 + link * 67) % 200
FROM generate_series(1, {users} * 10) AS post, generate_series(0, 2) AS link;

INSERT INTO events (id, user_id, kind, path, status, duration, started_at, ended_at)
SELECT n, 1 + n % {users}, 'request', '/users/' || n % {users} || '/posts', 200 + n % 5, n * 31 % 900, timestamptz '2026-04-01 00:00:00Z' + n * interval '1 second', timestamptz '2026-04-01 00:00:01Z' + n * interval '1 second'
FROM generate_series(1, 10000) AS n;
