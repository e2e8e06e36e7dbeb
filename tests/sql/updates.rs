//! Updates and deletes, and what columns are set to.

use std::time::SystemTime;

use expect_test::{Expect, expect};
use unlazy::{Change, Delete, Entity, Expression, Patch, Scope, Unloaded, Update, Value, sql};

#[derive(Clone, Copy, Debug, Value)]
enum Mood {
    Happy,
}

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

#[derive(Entity)]
#[entity(table = "users")]
struct User<Posts = Unloaded, Drafts = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    name: String,
    nickname: Option<String>,
    visits: i32,
    goal: Option<i32>,
    score: f64,
    active: bool,
    labels: Vec<String>,
    moods: Option<Vec<Mood>>,
    number_of_posts: i64,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = author_id, filter = !Post::PUBLISHED))]
    drafts: Drafts,
}

/// Deleted softly, of a tenant, and with a version.
#[derive(Entity)]
#[entity(table = "posts")]
struct Post<Author = Unloaded, Reviewer = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant_id: i64,
    author_id: i64,
    reviewer_id: Option<i64>,
    author_name: String,
    reviewer_name: Option<String>,
    published: bool,
    #[entity(version)]
    version: i32,
    #[entity(soft_delete)]
    deleted_at: Option<SystemTime>,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    reviewer: Reviewer,
}

#[derive(Entity)]
#[entity(table = "tags")]
struct Tag {
    #[entity(primary_key)]
    document: String,
    #[entity(primary_key)]
    number: i32,
    #[entity(soft_delete, column = "is deleted")]
    deleted: bool,
}

fn post() -> Post {
    Post {
        id: 1,
        tenant_id: 1,
        author_id: 1,
        reviewer_id: None,
        author_name: String::new(),
        reviewer_name: None,
        published: true,
        version: 1,
        deleted_at: None,
        author: Unloaded,
        reviewer: Unloaded,
    }
}

#[track_caller]
fn update<E: Entity, F>(update: Update<E, F>, expected: Expect) {
    expected.assert_eq(&update.to_sql().join("\n"));
}

#[track_caller]
fn delete<E: Entity, F>(delete: Delete<E, F>, expected: Expect) {
    expected.assert_eq(&delete.to_sql().join("\n"));
}

/// Compares what a user's column is set to.
#[track_caller]
fn set(update: Update<User>, expected: Expect) {
    let sql = update.to_sql().remove(0);
    let (_, set) = sql.split_once(" SET ").unwrap();
    expected.assert_eq(set);
}

#[test]
fn arithmetic() {
    let visits = |to: Expression<User, i32>, expected| {
        set(User::update().set(User::VISITS, to), expected);
    };
    visits(
        User::VISITS + 1,
        expect![[r#""visits" = t0."visits" + $1"#]],
    );
    visits(
        -(User::VISITS - 1) * 2 / User::VISITS,
        expect![[r#""visits" = ((-(t0."visits" - $1)) * $2) / t0."visits""#]],
    );
    visits(
        User::VISITS + (User::VISITS + 1),
        expect![[r#""visits" = t0."visits" + (t0."visits" + $1)"#]],
    );
    visits(
        (User::VISITS + User::GOAL).unwrap_or(User::VISITS) - 1,
        expect![[r#""visits" = coalesce(t0."visits" + t0."goal", t0."visits") - $1"#]],
    );
    let goal: Expression<User, Option<i32>> = User::GOAL + User::VISITS;
    set(
        User::update().set(User::GOAL, goal),
        expect![[r#""goal" = t0."goal" + t0."visits""#]],
    );
    set(
        User::update().set(User::GOAL, User::VISITS * 2),
        expect![[r#""goal" = t0."visits" * $1"#]],
    );
    set(
        User::update().set(User::SCORE, User::SCORE * 0.5 + 1.0),
        expect![[r#""score" = (t0."score" * $1) + $2"#]],
    );
}

#[test]
fn arithmetic_in_queries() {
    let sum = User::VISITS + User::GOAL.unwrap_or(0);
    let query = User::query()
        .annotate(sum.clone())
        .filter((User::VISITS * 2).lt(User::VISITS + 5))
        .filter((User::POSTS.count() - 1).is_in([1, 2]))
        .order_by(sum.desc());
    expect![[r#"
        t0."visits" + coalesce(t0."goal", $1) FROM "users" AS t0 WHERE (t0."visits" * $2) < (t0."visits" + $3) AND ((SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $4 AND t1."deleted_at" IS NULL) - $5) = ANY($6) ORDER BY 11 DESC, t0."id""#]]
    .assert_eq(query.to_sql()[0].split_once(r#""number_of_posts", "#).unwrap().1);
}

#[test]
fn text_and_arrays() {
    set(
        User::update().set(User::NAME, User::NAME.concat(" ").concat(User::NAME)),
        expect![[r#""name" = (t0."name" || $1) || t0."name""#]],
    );
    set(
        User::update().set(User::NICKNAME, User::NAME.concat(User::NICKNAME)),
        expect![[r#""nickname" = t0."name" || t0."nickname""#]],
    );
    set(
        User::update().set(User::LABELS, User::LABELS.remove("old").append("new")),
        expect![[r#""labels" = array_append(array_remove(t0."labels", $1), $2)"#]],
    );
    set(
        User::update().set(User::MOODS, User::MOODS.append(Mood::Happy)),
        expect![[r#""moods" = array_append(t0."moods", $1::text::mood)"#]],
    );
}

#[test]
fn conditions_and_own_sql() {
    set(
        User::update()
            .set(User::ACTIVE, User::VISITS.gt(3))
            .set(User::NAME, sql!("lower($1)", User::NAME)),
        expect![[r#""active" = (t0."visits" > $1) IS TRUE, "name" = (lower(t0."name"))"#]],
    );
}

#[test]
fn values_of_related_rows() {
    set(
        User::update().set(User::NUMBER_OF_POSTS, User::DRAFTS.with_deleted().count()),
        expect![[
            r#""number_of_posts" = (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1 AND NOT (t1."published"))"#
        ]],
    );
    let author: Expression<Post, String> = Post::AUTHOR.value(User::NAME);
    let reviewer: Expression<Post, Option<i32>> = Post::REVIEWER.value(User::VISITS + 1);
    update(
        Post::update()
            .unscoped()
            .set(Post::AUTHOR_NAME, author)
            .set(Post::REVIEWER_NAME, Post::REVIEWER.value(User::NICKNAME))
            .set(Post::PUBLISHED, reviewer.gt(1)),
        expect![[
            r#"UPDATE "posts" AS t0 SET "author_name" = (SELECT t1."name" FROM "users" AS t1 WHERE t1."id" = t0."author_id"), "reviewer_name" = (SELECT t2."nickname" FROM "users" AS t2 WHERE t2."id" = t0."reviewer_id"), "published" = ((SELECT t3."visits" + $1 FROM "users" AS t3 WHERE t3."id" = t0."reviewer_id") > $2) IS TRUE, "version" = t0."version" + 1"#
        ]],
    );
    let query = Post::query()
        .with(Post::AUTHOR)
        .unscoped()
        .filter(Post::AUTHOR.value(User::VISITS).gt(3))
        .order_by(Post::AUTHOR.value(User::NAME));
    expect![[
        r#" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t1."visits" > $1 ORDER BY t1."name", t0."id""#
    ]]
    .assert_eq(query.to_sql()[0].split_once(r#""number_of_posts""#).unwrap().1);
}

#[derive(Patch, Default)]
#[patch(User)]
struct UserPatch<'a> {
    #[patch(skip)]
    id: i64,
    name: Option<String>,
    nickname: Change<&'a str>,
    goal: Option<Option<i32>>,
    moods: Change<Option<Vec<Mood>>>,
    score: Change<f64>,
}

#[derive(Patch)]
#[patch(User)]
struct Rename {
    name: String,
    nickname: String,
}

#[test]
fn patches() {
    let update_by = |patch| User::update().patch(patch);
    update(update_by(UserPatch::default()), expect![[""]]);
    set(
        update_by(UserPatch {
            name: Some("Ann".into()),
            goal: Some(None),
            ..UserPatch::default()
        }),
        expect![[r#""name" = $1, "goal" = $2"#]],
    );
    set(
        update_by(UserPatch {
            id: 7,
            nickname: Change::Set("ann"),
            moods: Change::Set(None),
            score: 1.5.into(),
            ..UserPatch::default()
        })
        .set(User::VISITS, 1),
        expect![[r#""nickname" = $1, "moods" = $2::text[]::mood[], "score" = $3, "visits" = $4"#]],
    );
    set(
        User::update().set(User::NAME, "ben").patch(Rename {
            name: "Ann".into(),
            nickname: "ann".into(),
        }),
        expect![[r#""name" = $1, "nickname" = $2"#]],
    );
}

#[test]
fn versions() {
    update(
        Post::update().of(&post()).set(Post::PUBLISHED, true),
        expect![[
            r#"UPDATE "posts" AS t0 SET "published" = $1, "version" = t0."version" + 1 WHERE t0."tenant_id" = $2 AND t0."deleted_at" IS NULL AND t0."id" = $3 AND t0."version" = $4"#
        ]],
    );
    update(
        Post::update()
            .filter(Post::ID.eq(1))
            .set(Post::PUBLISHED, true),
        expect![[
            r#"UPDATE "posts" AS t0 SET "published" = $1, "version" = t0."version" + 1 WHERE t0."tenant_id" = $2 AND t0."deleted_at" IS NULL AND t0."id" = $3"#
        ]],
    );
    delete(
        Post::delete().for_good().of(&post()),
        expect![[
            r#"DELETE FROM "posts" AS t0 WHERE t0."tenant_id" = $1 AND t0."deleted_at" IS NULL AND t0."id" = $2 AND t0."version" = $3"#
        ]],
    );
}

#[test]
fn soft_deletes() {
    delete(
        Post::delete().of(&post()),
        expect![[
            r#"UPDATE "posts" AS t0 SET "deleted_at" = now(), "version" = t0."version" + 1 WHERE t0."tenant_id" = $1 AND t0."id" = $2 AND t0."version" = $3 AND t0."deleted_at" IS NULL"#
        ]],
    );
    delete(
        Post::delete().unscoped().filter(Post::AUTHOR_ID.eq(1)),
        expect![[
            r#"UPDATE "posts" AS t0 SET "deleted_at" = now(), "version" = t0."version" + 1 WHERE t0."author_id" = $1 AND t0."deleted_at" IS NULL"#
        ]],
    );
    delete(
        Tag::delete().filter(Tag::NUMBER.eq(1)),
        expect![[
            r#"UPDATE "tags" AS t0 SET "is deleted" = true WHERE t0."number" = $1 AND NOT (t0."is deleted")"#
        ]],
    );
    delete(
        Tag::delete().with_deleted().for_good().filter(Tag::DELETED),
        expect![[r#"DELETE FROM "tags" AS t0 WHERE t0."is deleted""#]],
    );
    update(
        Post::update()
            .with_deleted()
            .of(&post())
            .set(Post::DELETED_AT, None),
        expect![[
            r#"UPDATE "posts" AS t0 SET "deleted_at" = $1, "version" = t0."version" + 1 WHERE t0."tenant_id" = $2 AND t0."id" = $3 AND t0."version" = $4"#
        ]],
    );
}

#[test]
fn deleted_rows_are_hidden_unless_they_are_asked_for() {
    let after_from = |sql: Vec<String>| -> String {
        let texts = sql
            .iter()
            .map(|sql| sql.split_once(" FROM ").unwrap().1.to_owned());
        texts.collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        "tags" AS t0 WHERE NOT (t0."is deleted") ORDER BY t0."document", t0."number"
        "tags" AS t0 ORDER BY t0."document", t0."number""#]]
    .assert_eq(&after_from(
        [Tag::query().to_sql(), Tag::query().with_deleted().to_sql()].concat(),
    ));
    expect![[r#"
        "posts" AS t0 WHERE t0."tenant_id" = $1 ORDER BY t0."id"
        "users" AS t0 WHERE EXISTS (SELECT FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1) ORDER BY t0."id"
        "posts" AS t0 WHERE t0."author_id" = ANY($1) AND t0."tenant_id" = $2 ORDER BY t0."id""#]]
    .assert_eq(&after_from(
        [
            Post::query().with_deleted().to_sql(),
            User::query()
                .with(User::POSTS.selectin().with_deleted())
                .filter(User::POSTS.with_deleted().exists())
                .to_sql(),
        ]
        .concat(),
    ));
}
