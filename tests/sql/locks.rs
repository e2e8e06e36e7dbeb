//! Row locks.

use expect_test::{Expect, expect};
use unlazy::{Entity, Loads, Locked, sql};

use crate::{Post, Tag, User};

#[track_caller]
fn statements<E: Entity, L: Loads<E>>(locked: Locked<E, L>, expected: Expect) {
    expected.assert_eq(&locked.to_sql().join("\n"));
}

#[test]
fn strengths() {
    statements(
        Tag::query().for_update(),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR UPDATE OF t0"#]],
    );
    statements(
        Tag::query().for_no_key_update(),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR NO KEY UPDATE OF t0"#]],
    );
    statements(
        Tag::query().for_share(),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR SHARE OF t0"#]],
    );
    statements(
        Tag::query().for_key_share(),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR KEY SHARE OF t0"#]],
    );
}

#[test]
fn waiting() {
    statements(
        Tag::query().for_update().skip_locked(),
        expect![[
            r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR UPDATE OF t0 SKIP LOCKED"#
        ]],
    );
    statements(
        Tag::query().for_share().nowait(),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR SHARE OF t0 NOWAIT"#]],
    );
    statements(
        Tag::query().for_update().nowait().skip_locked(),
        expect![[
            r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" FOR UPDATE OF t0 SKIP LOCKED"#
        ]],
    );
}

#[test]
fn after_the_limit_and_of_the_root_table_only() {
    statements(
        Post::query()
            .with(Post::REVIEWER)
            .with(Post::AUTHOR.with(User::PROFILE.joined()))
            .with(Post::TAGS)
            .filter(Post::TITLE.eq("a"))
            .limit(1)
            .offset(2)
            .for_update()
            .skip_locked(),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels", t2."id", t2."user_id", t2."unlazy count", t3."id", t3."email", t3."nickname", t3."visits", t3."active", t3."manager_id", t3."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN LATERAL (SELECT t2."id", t2."user_id", count(*) OVER () AS "unlazy count" FROM "profile" AS t2 WHERE t2."user_id" = t1."id" LIMIT 1) AS t2 ON true LEFT JOIN "users" AS t3 ON t3."id" = t0."reviewer_id" WHERE t0."title" = $1 ORDER BY t0."id" LIMIT $2 OFFSET $3 FOR UPDATE OF t0 SKIP LOCKED
            SELECT l."post_id", t0."id" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1) ORDER BY t0."id""#]],
    );
}

#[test]
fn sql_of_ones_own_is_ordered_by_primary_key() {
    statements(
        Tag::from_sql(sql!("SELECT id FROM tag WHERE id > $1", 3_i64))
            .filter(Tag::ID.lt(9))
            .for_update(),
        expect![[
            r#"SELECT t0."id" FROM (SELECT id FROM tag WHERE id > $1::int8) AS t0 WHERE t0."id" < $2 ORDER BY t0."id" FOR UPDATE OF t0"#
        ]],
    );
}
