//! How the statements of pipelined loads find their parents.

use expect_test::expect;

use crate::{Post, User, statements};

#[test]
fn the_server_plans_a_join() {
    let query = || User::query().with(User::POSTS).pipelined();
    statements(
        query(),
        expect![[r#"
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" IN (SELECT t1."id" FROM "users" AS t1) ORDER BY t0."id"
        COMMIT"#]],
    );
    statements(
        query().limit(1_001),
        expect![[r#"
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id" LIMIT $1
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" IN (SELECT t1."id" FROM "users" AS t1 ORDER BY t1."id" LIMIT $1) ORDER BY t0."id"
        COMMIT"#]],
    );
    statements(
        User::find(1).with(User::POSTS).pipelined(),
        expect![[r#"
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."id" = $1
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" IN (SELECT t1."id" FROM "users" AS t1 WHERE t1."id" = $1) ORDER BY t0."id"
            COMMIT"#]],
    );
}

#[test]
fn below_a_small_page_the_server_looks_up_an_array() {
    let query = || User::query().with(User::POSTS).pipelined();
    statements(
        query().limit(1_000),
        expect![[r#"
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id" LIMIT $1
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" = ANY(ARRAY(SELECT t1."id" FROM "users" AS t1 ORDER BY t1."id" LIMIT $1)) ORDER BY t0."id"
        COMMIT"#]],
    );
}

#[test]
fn below_it_is_as_it_is_for_the_query() {
    let query = || User::query().with(User::POSTS.with(Post::TAGS)).pipelined();
    statements(
        query(),
        expect![[r#"
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" IN (SELECT t1."id" FROM "users" AS t1) ORDER BY t0."id"
        SELECT l."post_id", t0."id" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" IN (SELECT t1."id" FROM "post" AS t1 WHERE t1."author_id" IN (SELECT t2."id" FROM "users" AS t2)) ORDER BY t0."id"
        COMMIT"#]],
    );
    statements(
        query().limit(10),
        expect![[r#"
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id" LIMIT $1
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" = ANY(ARRAY(SELECT t1."id" FROM "users" AS t1 ORDER BY t1."id" LIMIT $1)) ORDER BY t0."id"
        SELECT l."post_id", t0."id" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY(ARRAY(SELECT t1."id" FROM "post" AS t1 WHERE t1."author_id" = ANY(ARRAY(SELECT t2."id" FROM "users" AS t2 ORDER BY t2."id" LIMIT $1)))) ORDER BY t0."id"
        COMMIT"#]],
    );
}
