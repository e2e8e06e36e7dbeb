//! So many targets of each parent: looked up for each, and numbered by a window function.

use expect_test::expect;

use crate::{Branch, Friendship, Line, Parcel, Post, Song, User, statements};

#[test]
fn each_parent_is_looked_up() {
    statements(
        User::query().with(
            User::POSTS
                .filter(Post::TITLE.ne(""))
                .order_by(Post::TITLE.desc())
                .limit_per_parent(3)
                .offset_per_parent(1),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT k.n, t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM unnest($1::int8[]) WITH ORDINALITY AS k(c0, n) CROSS JOIN LATERAL (SELECT *, row_number() OVER () AS "unlazy row" FROM (SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" = k.c0 AND t0."title" <> $2 ORDER BY t0."title" DESC, t0."id" LIMIT $3 OFFSET $4) AS q) AS t0 ORDER BY k.n, t0."unlazy row""#]],
    );
    statements(
        Line::query().with(Line::DISCOUNTS.limit_per_parent(3)),
        expect![[r#"
            SELECT t0."order_id", t0."number" FROM "line" AS t0 ORDER BY t0."order_id", t0."number"
            SELECT k.n, t0."id" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) CROSS JOIN LATERAL (SELECT *, row_number() OVER () AS "unlazy row" FROM (SELECT t0."id" FROM "line_discount" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."order_id" = k.c0 AND l."line_number" = k.c1 ORDER BY t0."id" LIMIT $3) AS q) AS t0 ORDER BY k.n, t0."unlazy row""#]],
    );
}

#[test]
fn targets_are_numbered() {
    statements(
        User::query().with(
            User::POSTS
                .filter(Post::TITLE.ne(""))
                .order_by(Post::TITLE.desc())
                .limit_per_parent(3)
                .by_window(),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM (SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", row_number() OVER (PARTITION BY t0."author_id" ORDER BY t0."title" DESC, t0."id") AS "unlazy row" FROM "post" AS t0 WHERE t0."author_id" = ANY($1) AND t0."title" <> $2) AS t0 WHERE t0."unlazy row" <= $3 ORDER BY t0."author_id", t0."title" DESC, t0."id""#]],
    );
    statements(
        User::query().with(
            User::FRIENDS
                .filter(User::ACTIVE)
                .filter_link(Friendship::SINCE.gt(2000))
                .order_by_link(Friendship::SINCE.desc())
                .limit_per_parent(3)
                .by_window(),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."unlazy key 0", t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM (SELECT l."user_id" AS "unlazy key 0", t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", row_number() OVER (PARTITION BY l."user_id" ORDER BY l."since" DESC, t0."id") AS "unlazy row" FROM "friendship" AS l JOIN "users" AS t0 ON t0."id" = l."friend_id" WHERE l."user_id" = ANY($1) AND t0."active" AND l."since" > $2) AS t0 WHERE t0."unlazy row" <= $3 ORDER BY t0."unlazy key 0", t0."unlazy row""#]],
    );
}

#[test]
fn numbers_after_an_offset() {
    let rest = Post::TAGS.by_window().offset_per_parent(2);
    statements(
        Post::query().with(rest),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 ORDER BY t0."id"
            SELECT t0."unlazy key 0", t0."id" FROM (SELECT l."post_id" AS "unlazy key 0", t0."id", row_number() OVER (PARTITION BY l."post_id" ORDER BY t0."id") AS "unlazy row" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1)) AS t0 WHERE t0."unlazy row" > $2 ORDER BY t0."unlazy key 0", t0."id""#]],
    );
    let page = Post::TAGS.offset_per_parent(2).limit_per_parent(3);
    statements(
        Post::query().with(page.by_window()),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 ORDER BY t0."id"
            SELECT t0."unlazy key 0", t0."id" FROM (SELECT l."post_id" AS "unlazy key 0", t0."id", row_number() OVER (PARTITION BY l."post_id" ORDER BY t0."id") AS "unlazy row" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1)) AS t0 WHERE t0."unlazy row" > $2 AND t0."unlazy row" <= $3 + $2 ORDER BY t0."unlazy key 0", t0."id""#]],
    );
}

#[test]
fn numbered_by_keys_of_every_kind() {
    statements(
        Line::query()
            .with(
                Line::PARCELS
                    .filter(Parcel::ID.gt(1))
                    .limit_per_parent(3)
                    .by_window(),
            )
            .with(Line::DISCOUNTS.limit_per_parent(3).by_window()),
        expect![[r#"
            SELECT t0."order_id", t0."number" FROM "line" AS t0 ORDER BY t0."order_id", t0."number"
            SELECT t0."unlazy key 0", t0."id", t0."order_id", t0."line_number" FROM (SELECT k.n AS "unlazy key 0", t0."id", t0."order_id", t0."line_number", row_number() OVER (PARTITION BY k.n ORDER BY t0."id") AS "unlazy row" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "parcel" AS t0 ON t0."order_id" = k.c0 AND t0."line_number" = k.c1 WHERE t0."id" > $3) AS t0 WHERE t0."unlazy row" <= $4 ORDER BY t0."unlazy key 0", t0."id"
            SELECT t0."unlazy key 0", t0."id" FROM (SELECT k.n AS "unlazy key 0", t0."id", row_number() OVER (PARTITION BY k.n ORDER BY t0."id") AS "unlazy row" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "line_discount" AS l ON l."order_id" = k.c0 AND l."line_number" = k.c1 JOIN "tag" AS t0 ON t0."id" = l."tag_id") AS t0 WHERE t0."unlazy row" <= $3 ORDER BY t0."unlazy key 0", t0."id""#]],
    );
    statements(
        Branch::query().with(Branch::BRANCHES.limit_per_parent(3).by_window()),
        expect![[r#"
            SELECT t0."name", t0."parent_name" FROM "branch" AS t0 ORDER BY t0."name"
            SELECT t0."unlazy key 0", t0."name", t0."parent_name" FROM (SELECT k.n AS "unlazy key 0", t0."name", t0."parent_name", row_number() OVER (PARTITION BY k.n ORDER BY t0."name") AS "unlazy row" FROM unnest($1::citext[]) WITH ORDINALITY AS k(c0, n) JOIN "branch" AS t0 ON t0."parent_name" = k.c0) AS t0 WHERE t0."unlazy row" <= $2 ORDER BY t0."unlazy key 0", t0."name""#]],
    );
    statements(
        Song::query().with(Song::SINGERS.limit_per_parent(3).by_window()),
        expect![[r#"
            SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 ORDER BY t0."mood"
            SELECT t0."name", t0."mood"::text FROM (SELECT t0."name", t0."mood", row_number() OVER (PARTITION BY t0."mood" ORDER BY t0."name") AS "unlazy row" FROM "singer" AS t0 WHERE t0."mood" = ANY($1::text[]::mood[])) AS t0 WHERE t0."unlazy row" <= $2 ORDER BY t0."mood", t0."name""#]],
    );
}

#[test]
fn what_is_below_numbered_targets() {
    statements(
        User::query().with(
            User::POSTS
                .limit_per_parent(3)
                .by_window()
                .with(Post::AUTHOR)
                .with(Post::TAGS.limit_per_parent(2).by_window()),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM (SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", row_number() OVER (PARTITION BY t0."author_id" ORDER BY t0."id") AS "unlazy row" FROM "post" AS t0 WHERE t0."author_id" = ANY($1)) AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."unlazy row" <= $2 ORDER BY t0."author_id", t0."unlazy row"
            SELECT t0."unlazy key 0", t0."id" FROM (SELECT l."post_id" AS "unlazy key 0", t0."id", row_number() OVER (PARTITION BY l."post_id" ORDER BY t0."id") AS "unlazy row" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1)) AS t0 WHERE t0."unlazy row" <= $2 ORDER BY t0."unlazy key 0", t0."id""#]],
    );
}

#[test]
fn without_a_limit_there_is_nothing_to_number() {
    statements(
        User::query().with(User::POSTS.by_window()),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" = ANY($1) ORDER BY t0."id""#]],
    );
    statements(
        User::query().annotate(User::POSTS.limit_per_parent(3).by_window().count()),
        expect![[
            r#"SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", (SELECT count(*) FROM (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" LIMIT $1) AS q) FROM "users" AS t0 ORDER BY t0."id""#
        ]],
    );
}
