//! The SQL that queries and loads send, without a database.

#![allow(dead_code)] // the entities are never filled

#[path = "sql/fixed.rs"]
mod fixed;
#[path = "sql/locks.rs"]
mod locks;
#[path = "sql/per_parent.rs"]
mod per_parent;
#[path = "sql/pipelined.rs"]
mod pipelined;
#[path = "sql/scopes.rs"]
mod scopes;
#[path = "sql/unique.rs"]
mod unique;
#[path = "sql/updates.rs"]
mod updates;

use expect_test::{Expect, expect};
use unlazy::{
    Annotations, Entity, Expression, Filter, Loads, OrderBy, Query, Unloaded, Value, sql,
};

#[derive(Clone, Copy, Debug, Value)]
enum Mood {
    Happy,
    VerySad,
}

#[derive(Entity)]
#[entity(table = "users")]
struct User<
    Posts = Unloaded,
    Profile = Unloaded,
    Passport = Unloaded,
    Manager = Unloaded,
    Reports = Unloaded,
    Friends = Unloaded,
> {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    nickname: Option<String>,
    visits: i32,
    active: bool,
    manager_id: Option<i64>,
    labels: Vec<String>,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_one(Profile, foreign_key = user_id))]
    profile: Profile,
    #[entity(has_one(Passport, foreign_key = user_id))]
    passport: Passport,
    #[entity(belongs_to(User, foreign_key = manager_id))]
    manager: Manager,
    #[entity(has_many(User, foreign_key = manager_id))]
    reports: Reports,
    #[entity(many_to_many(User, through = Friendship(user_id, friend_id)))]
    friends: Friends,
}

#[derive(Entity)]
struct Profile {
    #[entity(primary_key)]
    id: i64,
    user_id: i64,
}

#[derive(Entity)]
struct Passport {
    #[entity(primary_key)]
    id: i64,
    #[entity(unique)]
    user_id: i64,
}

#[derive(Entity)]
struct Friendship {
    #[entity(primary_key)]
    user_id: i64,
    #[entity(primary_key)]
    friend_id: i64,
    since: i32,
}

#[derive(Entity)]
struct Post<Author = Unloaded, Reviewer = Unloaded, Tags = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    author_id: i64,
    reviewer_id: Option<i64>,
    title: String,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    reviewer: Reviewer,
    #[entity(many_to_many(Tag, through = "app.post_tags"(post_id, tag_id)))]
    tags: Tags,
}

#[derive(Entity)]
struct Tag {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct Line<Parcels = Unloaded, Discounts = Unloaded> {
    #[entity(primary_key)]
    order_id: i64,
    #[entity(primary_key)]
    number: i16,
    #[entity(has_many(Parcel, foreign_key = (order_id, line_number)))]
    parcels: Parcels,
    #[entity(many_to_many(Tag, through = "line_discount"((order_id, line_number), tag_id)))]
    discounts: Discounts,
}

#[derive(Entity)]
struct Parcel<Contents = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    order_id: Option<i64>,
    line_number: Option<i16>,
    #[entity(belongs_to(Line, foreign_key = (order_id, line_number)))]
    line: Contents,
}

#[derive(Entity)]
struct Song<Singers = Unloaded> {
    #[entity(primary_key)]
    mood: Mood,
    moods: Vec<Mood>,
    second_mood: Option<Mood>,
    #[entity(has_many(Singer, foreign_key = mood))]
    singers: Singers,
}

#[derive(Entity)]
struct Singer<Song = Unloaded> {
    #[entity(primary_key, type = "citext")]
    name: String,
    mood: Mood,
    #[entity(belongs_to(Song, foreign_key = mood))]
    song: Song,
}

#[derive(Entity)]
struct Fan<Idol = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    idol_name: String,
    #[entity(belongs_to(Singer, foreign_key = idol_name))]
    idol: Idol,
}

#[derive(Entity)]
#[entity(schema = "My \"own\"", table = "Select")]
struct Odd<Others = Unloaded> {
    #[entity(primary_key)]
    r#type: i32,
    #[entity(column = "say \"hi\"")]
    greeting: String,
    #[entity(has_many(Odd, foreign_key = r#type))]
    others: Others,
}

#[derive(Entity)]
struct Verse<Lines = Unloaded> {
    #[entity(primary_key)]
    mood: Mood,
    #[entity(primary_key)]
    number: i32,
    #[entity(has_many(VerseLine, foreign_key = (mood, number)))]
    lines: Lines,
}

#[derive(Entity)]
struct VerseLine {
    #[entity(primary_key)]
    id: i64,
    mood: Mood,
    number: i32,
}

#[derive(Entity)]
struct Section<Parent = Unloaded, Sections = Unloaded> {
    #[entity(primary_key)]
    document: String,
    #[entity(primary_key)]
    mood: Mood,
    parent_document: Option<String>,
    parent_mood: Option<Mood>,
    #[entity(belongs_to(Section, foreign_key = (parent_document, parent_mood)))]
    parent: Parent,
    #[entity(has_many(Section, foreign_key = (parent_document, parent_mood)))]
    sections: Sections,
}

#[derive(Entity)]
struct Branch<Parent = Unloaded, Branches = Unloaded> {
    #[entity(primary_key, type = "citext")]
    name: String,
    #[entity(type = "citext")]
    parent_name: Option<String>,
    #[entity(belongs_to(Branch, foreign_key = parent_name))]
    parent: Parent,
    #[entity(has_many(Branch, foreign_key = parent_name))]
    branches: Branches,
}

/// Compares the statements of a query, one a line.
#[track_caller]
fn statements<E, L, A>(query: Query<E, L, A>, expected: Expect)
where
    E: Entity,
    L: Loads<E>,
    A: Annotations,
{
    expected.assert_eq(&query.to_sql().join("\n"));
}

/// Compares what stands after `WHERE` for a condition on users.
#[track_caller]
fn condition(condition: impl Filter<User>, expected: Expect) {
    let sql = User::query().filter(condition).to_sql().remove(0);
    let (_, condition) = sql.split_once(" WHERE ").unwrap();
    // One user by its key has no order.
    let order = r#" ORDER BY t0."id""#;
    expected.assert_eq(condition.strip_suffix(order).unwrap_or(condition));
}

/// Compares what stands after `ORDER BY` for an order of posts.
#[track_caller]
fn order(order: impl OrderBy<Post>, expected: Expect) {
    let sql = Post::query().order_by(order).to_sql().remove(0);
    expected.assert_eq(sql.split_once(" ORDER BY ").unwrap().1);
}

#[test]
fn columns_are_named_and_ordered_by_primary_key() {
    statements(
        Post::query(),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 ORDER BY t0."id""#
        ]],
    );
    statements(
        Line::query(),
        expect![[
            r#"SELECT t0."order_id", t0."number" FROM "line" AS t0 ORDER BY t0."order_id", t0."number""#
        ]],
    );
}

#[test]
fn comparisons() {
    condition(User::VISITS.eq(1), expect![[r#"t0."visits" = $1"#]]);
    condition(User::VISITS.ne(1), expect![[r#"t0."visits" <> $1"#]]);
    condition(User::VISITS.lt(1), expect![[r#"t0."visits" < $1"#]]);
    condition(User::VISITS.le(1), expect![[r#"t0."visits" <= $1"#]]);
    condition(User::VISITS.gt(1), expect![[r#"t0."visits" > $1"#]]);
    condition(User::VISITS.ge(1), expect![[r#"t0."visits" >= $1"#]]);
    condition(
        User::MANAGER_ID.eq(User::ID),
        expect![[r#"t0."manager_id" = t0."id""#]],
    );
}

#[test]
fn null() {
    condition(
        User::NICKNAME.is_null(),
        expect![[r#"t0."nickname" IS NULL"#]],
    );
    condition(
        User::NICKNAME.is_not_null(),
        expect![[r#"t0."nickname" IS NOT NULL"#]],
    );
    condition(
        User::MANAGER_ID.is_distinct_from(Some(1)),
        expect![[r#"t0."manager_id" IS DISTINCT FROM $1"#]],
    );
    condition(
        User::MANAGER_ID.is_not_distinct_from(None),
        expect![[r#"t0."manager_id" IS NOT DISTINCT FROM $1"#]],
    );
}

#[test]
fn lists_are_one_parameter() {
    condition(User::ID.is_in([1, 2, 3]), expect![[r#"t0."id" = ANY($1)"#]]);
    condition(
        User::EMAIL.is_in(["ann", "bob"]),
        expect![[r#"t0."email" = ANY($1)"#]],
    );
    condition(
        User::NICKNAME.is_not_in(Vec::<String>::new()),
        expect![[r#"t0."nickname" <> ALL($1)"#]],
    );
}

#[test]
fn ranges() {
    condition(
        User::VISITS.between(1..=9),
        expect![[r#"t0."visits" >= $1 AND t0."visits" <= $2"#]],
    );
    condition(
        User::VISITS.between(1..9),
        expect![[r#"t0."visits" >= $1 AND t0."visits" < $2"#]],
    );
    condition(User::VISITS.between(1..), expect![[r#"t0."visits" >= $1"#]]);
    condition(User::VISITS.between(..9), expect![[r#"t0."visits" < $1"#]]);
    condition(
        User::VISITS.between(..),
        expect![[r#"t0."visits" IS NOT NULL"#]],
    );
    condition(
        !User::VISITS.between(1..9),
        expect![[r#"NOT (t0."visits" >= $1 AND t0."visits" < $2)"#]],
    );
}

#[test]
fn patterns() {
    condition(User::EMAIL.like("a%"), expect![[r#"t0."email" LIKE $1"#]]);
    condition(User::EMAIL.ilike("a%"), expect![[r#"t0."email" ILIKE $1"#]]);
    condition(
        User::EMAIL.contains("a"),
        expect![[r#"t0."email" LIKE $1"#]],
    );
    condition(
        User::NICKNAME.starts_with("a"),
        expect![[r#"t0."nickname" LIKE $1"#]],
    );
    condition(
        User::NICKNAME.ends_with("a"),
        expect![[r#"t0."nickname" LIKE $1"#]],
    );
}

#[test]
fn arrays() {
    condition(
        User::LABELS.has_element("a"),
        expect![[r#"$1 = ANY(t0."labels")"#]],
    );
    condition(
        User::LABELS.has_element(User::EMAIL),
        expect![[r#"t0."email" = ANY(t0."labels")"#]],
    );
    condition(
        User::LABELS.has_all(vec!["a".to_owned()]),
        expect![[r#"t0."labels" @> $1"#]],
    );
    condition(
        User::LABELS.has_any(vec!["a".to_owned()]),
        expect![[r#"t0."labels" && $1"#]],
    );
}

#[test]
fn booleans() {
    condition(User::ACTIVE, expect![[r#"t0."active""#]]);
    condition(!User::ACTIVE, expect![[r#"NOT (t0."active")"#]]);
    condition(User::ACTIVE.eq(false), expect![[r#"t0."active" = $1"#]]);
}

#[test]
fn and_or_not_keep_their_precedence() {
    let a = || User::ID.eq(1);
    let b = || User::VISITS.gt(2);
    let c = || User::NICKNAME.is_null();
    condition(
        a() & b() & c(),
        expect![[r#"t0."id" = $1 AND t0."visits" > $2 AND t0."nickname" IS NULL"#]],
    );
    condition(
        a() | b() | c(),
        expect![[r#"(t0."id" = $1 OR t0."visits" > $2 OR t0."nickname" IS NULL)"#]],
    );
    condition(
        a() & (b() & c()),
        expect![[r#"t0."id" = $1 AND t0."visits" > $2 AND t0."nickname" IS NULL"#]],
    );
    condition(
        a() | (b() | c()),
        expect![[r#"(t0."id" = $1 OR (t0."visits" > $2 OR t0."nickname" IS NULL))"#]],
    );
    condition(
        (a() | b()) & c(),
        expect![[r#"(t0."id" = $1 OR t0."visits" > $2) AND t0."nickname" IS NULL"#]],
    );
    condition(
        a() | (b() & c()),
        expect![[r#"(t0."id" = $1 OR (t0."visits" > $2 AND t0."nickname" IS NULL))"#]],
    );
    condition(
        (a() & b()) | c(),
        expect![[r#"((t0."id" = $1 AND t0."visits" > $2) OR t0."nickname" IS NULL)"#]],
    );
    condition(
        a() & (b() | c()),
        expect![[r#"t0."id" = $1 AND (t0."visits" > $2 OR t0."nickname" IS NULL)"#]],
    );
    condition(
        !(a() & b()) | c(),
        expect![[r#"(NOT (t0."id" = $1 AND t0."visits" > $2) OR t0."nickname" IS NULL)"#]],
    );
    condition(
        !(a() | b()) & c(),
        expect![[r#"NOT (t0."id" = $1 OR t0."visits" > $2) AND t0."nickname" IS NULL"#]],
    );
    condition(!!a(), expect![[r#"NOT (NOT (t0."id" = $1))"#]]);
    condition(
        a().and(User::ACTIVE).or(!User::ACTIVE),
        expect![[r#"((t0."id" = $1 AND t0."active") OR NOT (t0."active"))"#]],
    );
}

#[test]
fn a_second_filter_does_not_reach_into_the_first() {
    statements(
        Tag::query()
            .filter(Tag::ID.eq(1) | Tag::ID.eq(2))
            .filter(Tag::ID.eq(3) & Tag::ID.eq(4))
            .filter(sql!("$1 = 5 OR $1 = $2", Tag::ID, 6_i64)),
        expect![[
            r#"SELECT t0."id" FROM "tag" AS t0 WHERE (t0."id" = $1 OR t0."id" = $2) AND t0."id" = $3 AND t0."id" = $4 AND (t0."id" = 5 OR t0."id" = $5::int8)"#
        ]],
    );
}

#[test]
fn conditions_on_related_rows() {
    condition(
        User::POSTS.exists(),
        expect![[r#"EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id")"#]],
    );
    condition(
        User::POSTS.any(Post::TITLE.eq("a")),
        expect![[
            r#"EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."title" = $1)"#
        ]],
    );
    condition(
        User::POSTS.none(Post::TITLE.eq("a")),
        expect![[
            r#"NOT (EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."title" = $1))"#
        ]],
    );
    condition(
        User::POSTS.any(Post::TITLE.eq("a") | Post::TITLE.eq("b")),
        expect![[
            r#"EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND (t1."title" = $1 OR t1."title" = $2))"#
        ]],
    );
    condition(
        User::PASSPORT.has(Passport::ID.gt(1)),
        expect![[
            r#"EXISTS (SELECT FROM "passport" AS t1 WHERE t1."user_id" = t0."id" AND t1."id" > $1)"#
        ]],
    );
    condition(
        User::PROFILE.exists().not(),
        expect![[r#"NOT (EXISTS (SELECT FROM "profile" AS t1 WHERE t1."user_id" = t0."id"))"#]],
    );
}

#[test]
fn conditions_on_rows_of_the_same_table() {
    condition(
        User::MANAGER.has(User::ACTIVE),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."manager_id" AND t1."active")"#
        ]],
    );
    condition(
        User::REPORTS.any(User::VISITS.gt(1) & User::MANAGER.has(User::VISITS.lt(2))),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 WHERE t1."manager_id" = t0."id" AND t1."visits" > $1 AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."manager_id" AND t2."visits" < $2))"#
        ]],
    );
}

#[test]
fn conditions_through_link_tables() {
    condition(
        User::FRIENDS.exists(),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id")"#
        ]],
    );
    condition(
        User::FRIENDS.any(User::FRIENDS.any(User::ID.eq(1))),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" AND EXISTS (SELECT FROM "users" AS t3 JOIN "friendship" AS t4 ON t4."friend_id" = t3."id" WHERE t4."user_id" = t1."id" AND t3."id" = $1))"#
        ]],
    );
    condition(
        User::POSTS.any(Post::TAGS.none(Tag::ID.eq(1)) & Post::ID.eq(2)),
        expect![[
            r#"EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND NOT (EXISTS (SELECT FROM "tag" AS t2 JOIN "app"."post_tags" AS t3 ON t3."tag_id" = t2."id" WHERE t3."post_id" = t1."id" AND t2."id" = $1)) AND t1."id" = $2)"#
        ]],
    );
    statements(
        Line::query()
            .filter(Line::DISCOUNTS.any(Tag::ID.eq(1)))
            .filter(Line::PARCELS.exists()),
        expect![[
            r#"SELECT t0."order_id", t0."number" FROM "line" AS t0 WHERE EXISTS (SELECT FROM "tag" AS t1 JOIN "line_discount" AS t2 ON t2."tag_id" = t1."id" WHERE t2."order_id" = t0."order_id" AND t2."line_number" = t0."number" AND t1."id" = $1) AND EXISTS (SELECT FROM "parcel" AS t3 WHERE t3."order_id" = t0."order_id" AND t3."line_number" = t0."number") ORDER BY t0."order_id", t0."number""#
        ]],
    );
}

#[test]
fn orders() {
    order(Post::TITLE, expect![[r#"t0."title", t0."id""#]]);
    order(Post::TITLE.desc(), expect![[r#"t0."title" DESC, t0."id""#]]);
    order(
        Post::REVIEWER_ID.asc().nulls_first(),
        expect![[r#"t0."reviewer_id" NULLS FIRST, t0."id""#]],
    );
    order(
        Post::REVIEWER_ID.desc().nulls_last(),
        expect![[r#"t0."reviewer_id" DESC NULLS LAST, t0."id""#]],
    );
    order(Post::ID.desc(), expect![[r#"t0."id" DESC"#]]);
    order(
        sql!("length($1)", Post::TITLE).desc(),
        expect![[r#"(length(t0."title")) DESC, t0."id""#]],
    );
    order(
        sql!("$1 % $2", Post::ID, 7_i64),
        expect![[r#"(t0."id" % $1::int8), t0."id""#]],
    );
}

#[test]
fn orders_by_related_rows() {
    order(
        Post::AUTHOR.order(User::EMAIL),
        expect![[
            r#"(SELECT t1."email" FROM "users" AS t1 WHERE t1."id" = t0."author_id"), t0."id""#
        ]],
    );
    order(
        Post::REVIEWER.order(User::NICKNAME.desc().nulls_last()),
        expect![[
            r#"(SELECT t1."nickname" FROM "users" AS t1 WHERE t1."id" = t0."reviewer_id") DESC NULLS LAST, t0."id""#
        ]],
    );
    order(
        Post::AUTHOR.order(User::MANAGER.order(User::EMAIL.desc())),
        expect![[
            r#"(SELECT (SELECT t2."email" FROM "users" AS t2 WHERE t2."id" = t1."manager_id") FROM "users" AS t1 WHERE t1."id" = t0."author_id") DESC, t0."id""#
        ]],
    );
    order(
        Post::AUTHOR.order(User::PROFILE.order(Profile::ID)),
        expect![[
            r#"(SELECT (SELECT t2."id" FROM "profile" AS t2 WHERE t2."user_id" = t1."id" ORDER BY t2."id" LIMIT 1) FROM "users" AS t1 WHERE t1."id" = t0."author_id"), t0."id""#
        ]],
    );
}

#[test]
fn counts_of_related_rows() {
    condition(
        User::POSTS.count().gt(3),
        expect![[r#"(SELECT count(*) FROM "post" AS t1 WHERE t1."author_id" = t0."id") > $1"#]],
    );
    condition(
        User::FRIENDS.count().between(1..5),
        expect![[
            r#"(SELECT count(*) FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id") >= $1 AND (SELECT count(*) FROM "users" AS t3 JOIN "friendship" AS t4 ON t4."friend_id" = t3."id" WHERE t4."user_id" = t0."id") < $2"#
        ]],
    );
    condition(
        User::POSTS
            .filter(Post::TITLE.ne("") | Post::REVIEWER_ID.is_null())
            .filter(Post::ID.gt(1))
            .order_by(Post::TITLE)
            .count()
            .is_in([1, 2]),
        expect![[
            r#"(SELECT count(*) FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND (t1."title" <> $1 OR t1."reviewer_id" IS NULL) AND t1."id" > $2) = ANY($3)"#
        ]],
    );
    condition(
        User::FRIENDS
            .filter_link(Friendship::SINCE.lt(2000))
            .filter(User::ACTIVE)
            .count()
            .eq(User::ID),
        expect![[
            r#"(SELECT count(*) FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" AND t2."since" < $1 AND t1."active") = t0."id""#
        ]],
    );
    condition(
        User::ID.eq(1) & User::POSTS.count().ne(User::REPORTS.count()),
        expect![[
            r#"t0."id" = $1 AND (SELECT count(*) FROM "post" AS t1 WHERE t1."author_id" = t0."id") <> (SELECT count(*) FROM "users" AS t2 WHERE t2."manager_id" = t0."id")"#
        ]],
    );
}

#[test]
fn sums_and_the_like_of_related_rows() {
    condition(
        User::REPORTS.sum(User::VISITS).gt(3),
        expect![[
            r#"(SELECT sum(t1."visits")::int8 FROM "users" AS t1 WHERE t1."manager_id" = t0."id") > $1"#
        ]],
    );
    condition(
        User::REPORTS.sum(User::MANAGER_ID).is_null(),
        expect![[
            r#"(SELECT sum(t1."manager_id")::int8 FROM "users" AS t1 WHERE t1."manager_id" = t0."id") IS NULL"#
        ]],
    );
    condition(
        User::REPORTS.avg(User::VISITS).le(2.5),
        expect![[
            r#"(SELECT avg(t1."visits")::float8 FROM "users" AS t1 WHERE t1."manager_id" = t0."id") <= $1"#
        ]],
    );
    condition(
        User::POSTS.min(Post::TITLE).starts_with("a"),
        expect![[
            r#"(SELECT min(t1."title") FROM "post" AS t1 WHERE t1."author_id" = t0."id") LIKE $1"#
        ]],
    );
    condition(
        User::POSTS
            .filter(Post::ID.gt(1))
            .max(Post::REVIEWER_ID)
            .is_not_distinct_from(Some(1)),
        expect![[
            r#"(SELECT max(t1."reviewer_id") FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."id" > $1) IS NOT DISTINCT FROM $2"#
        ]],
    );
    condition(
        User::REPORTS.sum(User::POSTS.count()).unwrap_or(0).lt(10),
        expect![[
            r#"coalesce((SELECT sum((SELECT count(*) FROM "post" AS t2 WHERE t2."author_id" = t1."id"))::int8 FROM "users" AS t1 WHERE t1."manager_id" = t0."id"), $1) < $2"#
        ]],
    );
    statements(
        Song::query().filter(Song::SINGERS.max(Singer::MOOD).eq(Mood::Happy)),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE (SELECT max(t1."mood") FROM "singer" AS t1 WHERE t1."mood" = t0."mood") = $1::text::mood ORDER BY t0."mood""#
        ]],
    );
}

#[test]
fn aggregates_of_a_limited_load_are_of_the_rows_that_it_would_bring() {
    let latest = || {
        User::POSTS
            .filter(Post::TITLE.ne(""))
            .order_by(Post::TITLE.desc())
            .limit_per_parent(3)
    };
    condition(
        latest().count().lt(3),
        expect![[
            r#"(SELECT count(*) FROM (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."title" <> $1 LIMIT $2) AS q) < $3"#
        ]],
    );
    condition(
        latest().max(Post::REVIEWER_ID).eq(1),
        expect![[
            r#"(SELECT max(q.v) FROM (SELECT t1."reviewer_id" AS v FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."title" <> $1 ORDER BY t1."title" DESC, t1."id" LIMIT $2) AS q) = $3"#
        ]],
    );
    condition(
        latest().offset_per_parent(1).exists(),
        expect![[
            r#"EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id" AND t1."title" <> $1 LIMIT $2 OFFSET $3)"#
        ]],
    );
    condition(
        User::FRIENDS
            .order_by_link(Friendship::SINCE)
            .limit_per_parent(1)
            .sum(User::VISITS)
            .gt(9),
        expect![[
            r#"(SELECT sum(q.v)::int8 FROM (SELECT t1."visits" AS v FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" ORDER BY t2."since", t1."id" LIMIT $1) AS q) > $2"#
        ]],
    );
}

#[test]
fn existence_of_filtered_related_rows() {
    let recent = || User::FRIENDS.filter_link(Friendship::SINCE.gt(2000));
    condition(
        recent().exists(),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" AND t2."since" > $1)"#
        ]],
    );
    condition(
        recent().any(User::ACTIVE),
        expect![[
            r#"EXISTS (SELECT FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" AND t2."since" > $1 AND t1."active")"#
        ]],
    );
    condition(
        recent().none(User::ACTIVE),
        expect![[
            r#"NOT (EXISTS (SELECT FROM "users" AS t1 JOIN "friendship" AS t2 ON t2."friend_id" = t1."id" WHERE t2."user_id" = t0."id" AND t2."since" > $1 AND t1."active"))"#
        ]],
    );
}

#[test]
fn orders_by_expressions() {
    order(
        Post::TAGS.count(),
        expect![[
            r#"(SELECT count(*) FROM "tag" AS t1 JOIN "app"."post_tags" AS t2 ON t2."tag_id" = t1."id" WHERE t2."post_id" = t0."id"), t0."id""#
        ]],
    );
    order(
        Post::TAGS.count().desc(),
        expect![[
            r#"(SELECT count(*) FROM "tag" AS t1 JOIN "app"."post_tags" AS t2 ON t2."tag_id" = t1."id" WHERE t2."post_id" = t0."id") DESC, t0."id""#
        ]],
    );
    order(
        Post::TAGS.max(Tag::ID).desc().nulls_last(),
        expect![[
            r#"(SELECT max(t1."id") FROM "tag" AS t1 JOIN "app"."post_tags" AS t2 ON t2."tag_id" = t1."id" WHERE t2."post_id" = t0."id") DESC NULLS LAST, t0."id""#
        ]],
    );
    order(
        Post::REVIEWER_ID.unwrap_or(0),
        expect![[r#"coalesce(t0."reviewer_id", $1), t0."id""#]],
    );
    order(
        Post::AUTHOR.order(User::POSTS.count()),
        expect![[
            r#"(SELECT (SELECT count(*) FROM "post" AS t2 WHERE t2."author_id" = t1."id") FROM "users" AS t1 WHERE t1."id" = t0."author_id"), t0."id""#
        ]],
    );
}

#[test]
fn values_next_to_entities() {
    statements(
        Tag::query().annotate(Tag::ID.eq(1)),
        expect![[r#"SELECT t0."id", (t0."id" = $1) IS TRUE FROM "tag" AS t0 ORDER BY t0."id""#]],
    );
    statements(
        Line::query()
            .annotate((Line::PARCELS.count(), Line::DISCOUNTS.exists()))
            .filter(Line::NUMBER.gt(1))
            .order_by(Line::PARCELS.count().desc().nulls_last())
            .limit(5),
        expect![[
            r#"SELECT t0."order_id", t0."number", (SELECT count(*) FROM "parcel" AS t1 WHERE t1."order_id" = t0."order_id" AND t1."line_number" = t0."number"), EXISTS (SELECT FROM "tag" AS t2 JOIN "line_discount" AS t3 ON t3."tag_id" = t2."id" WHERE t3."order_id" = t0."order_id" AND t3."line_number" = t0."number") FROM "line" AS t0 WHERE t0."number" > $1 ORDER BY 3 DESC NULLS LAST, t0."order_id", t0."number" LIMIT $2"#
        ]],
    );
    // What is joined stands before.
    statements(
        Parcel::query()
            .annotate(Parcel::LINE.exists())
            .with(Parcel::LINE)
            .order_by(Expression::from(Parcel::LINE.exists())),
        expect![[
            r#"SELECT t0."id", t0."order_id", t0."line_number", t1."order_id", t1."number", t1."order_id" IS NOT NULL FROM "parcel" AS t0 LEFT JOIN "line" AS t1 ON t1."order_id" = t0."order_id" AND t1."number" = t0."line_number" ORDER BY 6, t0."id""#
        ]],
    );
    // An enum is read as text, by which it must not be ordered.
    let mood = Song::SINGERS.min(Singer::MOOD);
    statements(
        Song::query().annotate(mood.clone()).order_by(mood),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text, (SELECT min(t1."mood") FROM "singer" AS t1 WHERE t1."mood" = t0."mood")::text FROM "song" AS t0 ORDER BY (SELECT min(t2."mood") FROM "singer" AS t2 WHERE t2."mood" = t0."mood"), t0."mood""#
        ]],
    );
    // The same expression with values is the same if it is a clone.
    let visits = || User::REPORTS.filter(User::VISITS.gt(3)).count();
    let ordered = |other: Expression<User, i64>, value: Expression<User, i64>| {
        let sql = User::query().annotate(value).order_by(other).to_sql();
        sql[0].split_once(" ORDER BY ").unwrap().1.to_owned()
    };
    let value = visits();
    assert_eq!(ordered(value.clone(), value), "8, t0.\"id\"");
    expect![[r#"(SELECT count(*) FROM "users" AS t2 WHERE t2."manager_id" = t0."id" AND t2."visits" > $2), t0."id""#]].assert_eq(&ordered(visits(), visits()));
    expect![[r#"(SELECT count(*) FROM "post" AS t2 WHERE t2."author_id" = t0."id"), t0."id""#]]
        .assert_eq(&ordered(User::POSTS.count(), User::REPORTS.count()));
}

#[test]
fn values_that_are_expressions() {
    condition(
        User::NICKNAME.unwrap_or("?").eq(User::EMAIL),
        expect![[r#"coalesce(t0."nickname", $1) = t0."email""#]],
    );
    condition(
        sql!("length($1)", User::EMAIL).returns::<i32>().gt(3),
        expect![[r#"(length(t0."email")) > $1"#]],
    );
    condition(
        Expression::from(User::POSTS.exists()).eq(User::ACTIVE),
        expect![[
            r#"(EXISTS (SELECT FROM "post" AS t1 WHERE t1."author_id" = t0."id")) = t0."active""#
        ]],
    );
    condition(
        Expression::from(User::NICKNAME.eq("a") | User::ACTIVE).ne(true),
        expect![[r#"((t0."nickname" = $1 OR t0."active") IS TRUE) <> $2"#]],
    );
    condition(
        Expression::from(User::ID.eq(1)) | !Expression::from(User::ACTIVE),
        expect![[r#"((t0."id" = $1) IS TRUE OR NOT (t0."active"))"#]],
    );
}

#[test]
fn the_primary_key_completes_an_order_once() {
    statements(
        Line::query().order_by(Line::NUMBER.desc()),
        expect![[
            r#"SELECT t0."order_id", t0."number" FROM "line" AS t0 ORDER BY t0."number" DESC, t0."order_id""#
        ]],
    );
}

#[test]
fn limit_and_offset_are_parameters() {
    statements(
        Tag::query().filter(Tag::ID.gt(1)).limit(10).offset(20),
        expect![[
            r#"SELECT t0."id" FROM "tag" AS t0 WHERE t0."id" > $1 ORDER BY t0."id" LIMIT $2 OFFSET $3"#
        ]],
    );
    statements(
        Tag::query().offset(20),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 ORDER BY t0."id" OFFSET $1"#]],
    );
}

#[test]
fn find_by_key() {
    statements(
        Tag::find(1),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 WHERE t0."id" = $1"#]],
    );
    statements(
        Tag::find_many([1, 2]),
        expect![[r#"SELECT t0."id" FROM "tag" AS t0 WHERE t0."id" = ANY($1) ORDER BY t0."id""#]],
    );
    statements(
        Line::find((1, 2)),
        expect![[
            r#"SELECT t0."order_id", t0."number" FROM "line" AS t0 WHERE t0."order_id" = $1 AND t0."number" = $2"#
        ]],
    );
    statements(
        Line::find_many([(1, 2), (3, 4)]),
        expect![[
            r#"SELECT t0."order_id", t0."number" FROM "line" AS t0 WHERE (t0."order_id", t0."number") IN (SELECT * FROM unnest($1::int8[], $2::int2[])) ORDER BY t0."order_id", t0."number""#
        ]],
    );
    statements(
        Song::find(Mood::Happy),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE t0."mood" = $1::text::mood"#
        ]],
    );
    statements(
        Song::find_many([Mood::Happy, Mood::VerySad]),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE t0."mood" = ANY($1::text[]::mood[]) ORDER BY t0."mood""#
        ]],
    );
    statements(
        Singer::find_many(["ann"]),
        expect![[
            r#"SELECT t0."name", t0."mood"::text FROM "singer" AS t0 WHERE t0."name" = ANY($1) ORDER BY t0."name""#
        ]],
    );
}

#[test]
fn rows_of_own_sql() {
    let recent = || Post::from_sql(sql!("SELECT * FROM recent_posts($1)", 7));
    statements(
        recent(),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM (SELECT * FROM recent_posts($1::int4)) AS t0"#
        ]],
    );
    statements(
        recent().filter(Post::ID.gt(1)).limit(2),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM (SELECT *, row_number() OVER () AS "unlazy row" FROM (SELECT * FROM recent_posts($1::int4)) AS q) AS t0 WHERE t0."id" > $2 ORDER BY t0."unlazy row" LIMIT $3"#
        ]],
    );
    statements(
        recent().order_by(Post::TITLE),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM (SELECT * FROM recent_posts($1::int4)) AS t0 ORDER BY t0."title", t0."id""#
        ]],
    );
    statements(
        recent().with(Post::AUTHOR),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM (SELECT *, row_number() OVER () AS "unlazy row" FROM (SELECT * FROM recent_posts($1::int4)) AS q) AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" ORDER BY t0."unlazy row""#
        ]],
    );
    statements(
        recent().with(Post::AUTHOR.selectin()),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM (SELECT * FROM recent_posts($1::int4)) AS t0
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."id" = ANY($1)"#]],
    );
}

#[test]
fn placeholders_of_own_sql_are_renumbered() {
    condition(
        User::ID.eq(1) & sql!("$2 < $1", User::VISITS, 5) & User::ID.eq(2),
        expect![[r#"t0."id" = $1 AND ($2::int4 < t0."visits") AND t0."id" = $3"#]],
    );
    // A value is bound once, however often it is named.
    condition(
        sql!(
            "$1 = $2 OR $3 = $2 OR $3 = $4",
            User::EMAIL,
            "a",
            User::NICKNAME,
            "b"
        ),
        expect![[r#"(t0."email" = $1 OR t0."nickname" = $1 OR t0."nickname" = $2)"#]],
    );
    condition(
        sql!(
            "$1 + $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9 + $10 > 1",
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            User::VISITS
        ),
        expect![[
            r#"($1::int4 + $2::int4 + $3::int4 + $4::int4 + $5::int4 + $6::int4 + $7::int4 + $8::int4 + $9::int4 + t0."visits" > 1)"#
        ]],
    );
    statements(
        Song::query().filter(sql!(
            "$1 = $2 AND $2 = $3",
            Song::MOOD,
            Mood::Happy,
            None::<Mood>
        )),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE (t0."mood" = $1::text::mood AND $1::text::mood = $2::text::mood) ORDER BY t0."mood""#
        ]],
    );
}

#[test]
fn dollars_in_quotes_and_comments_are_no_placeholders() {
    let email = User::EMAIL;
    condition(
        sql!("'$2 it''s $3' <> $1", email),
        expect![[r#"('$2 it''s $3' <> t0."email")"#]],
    );
    condition(
        sql!(r#""$2" <> $1"#, email),
        expect![[r#"("$2" <> t0."email")"#]],
    );
    condition(
        sql!("$$'$2$$ <> $1", email),
        expect![[r#"($$'$2$$ <> t0."email")"#]],
    );
    condition(
        sql!("$q$ $$ $2 $q $q$ <> $1", email),
        expect![[r#"($q$ $$ $2 $q $q$ <> t0."email")"#]],
    );
    condition(
        sql!(r"E'it\'s $2 \\' <> $1", email),
        expect![[r#"(E'it\'s $2 \\' <> t0."email")"#]],
    );
    condition(
        sql!(r"name'\' <> $1 AND tab$2 = 1", email),
        expect![[r#"(name'\' <> t0."email" AND tab$2 = 1)"#]],
    );
    condition(
        sql!("/* isn't /* $2 */ $3 */ $1 - 1 / 2 <> 0", email),
        expect![[r#"(/* isn't /* $2 */ $3 */ t0."email" - 1 / 2 <> 0)"#]],
    );
    condition(
        sql!("-- isn't $2\n$1 <> ''", email),
        expect![[r#"
            (-- isn't $2
            t0."email" <> ''
            )"#]],
    );
}

#[test]
fn joined_three_deep() {
    statements(
        Post::query()
            .with(Post::AUTHOR.with(User::MANAGER.with(User::PASSPORT)))
            .filter(Post::TITLE.ne(""))
            .limit(5),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels", t2."id", t2."email", t2."nickname", t2."visits", t2."active", t2."manager_id", t2."labels", t3."id", t3."user_id", t3."unlazy count" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "users" AS t2 ON t2."id" = t1."manager_id" LEFT JOIN LATERAL (SELECT t3."id", t3."user_id", count(*) OVER () AS "unlazy count" FROM "passport" AS t3 WHERE t3."user_id" = t2."id" LIMIT 1) AS t3 ON true WHERE t0."title" <> $1 ORDER BY t0."id" LIMIT $2"#
        ]],
    );
}

#[test]
fn conditions_and_orders_use_the_joins_of_loads() {
    let by_author = || {
        Post::query()
            .filter(Post::AUTHOR.has(User::VISITS.gt(3)))
            .order_by(Post::AUTHOR.order(User::EMAIL.desc()))
    };
    statements(
        by_author().with(Post::AUTHOR),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t1."id" IS NOT NULL AND t1."visits" > $1 ORDER BY t1."email" DESC, t0."id""#
        ]],
    );
    statements(
        by_author().with(Post::AUTHOR.selectin()),
        expect![[r#"
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."author_id" AND t1."visits" > $1) ORDER BY (SELECT t2."email" FROM "users" AS t2 WHERE t2."id" = t0."author_id") DESC, t0."id"
        SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."id" = ANY($1)"#]],
    );
    // Another relation to the same table has its own join, or none.
    statements(
        by_author().with(Post::REVIEWER),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" WHERE EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t0."author_id" AND t2."visits" > $1) ORDER BY (SELECT t3."email" FROM "users" AS t3 WHERE t3."id" = t0."author_id") DESC, t0."id""#
        ]],
    );
    // Away from the top the condition is true or false, as EXISTS is.
    statements(
        Post::query().with(Post::REVIEWER).filter(
            Post::TITLE.eq("")
                | Post::REVIEWER.has(User::NICKNAME.eq("a") & User::ACTIVE)
                | !Post::REVIEWER.exists(),
        ),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" WHERE (t0."title" = $1 OR (t1."id" IS NOT NULL AND t1."nickname" = $2 AND t1."active") IS TRUE OR NOT (t1."id" IS NOT NULL)) ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query()
            .with(Post::REVIEWER)
            .filter(
                Post::REVIEWER
                    .has(User::NICKNAME.eq("a") | User::ACTIVE)
                    .not(),
            )
            .filter(Post::REVIEWER.exists()),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" WHERE NOT ((t1."id" IS NOT NULL AND (t1."nickname" = $1 OR t1."active")) IS TRUE) AND t1."id" IS NOT NULL ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query()
            .with(Post::REVIEWER)
            .annotate((Post::REVIEWER.exists(), Post::REVIEWER.has(User::ACTIVE))),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels", t1."id" IS NOT NULL, (t1."id" IS NOT NULL AND t1."active") IS TRUE FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn conditions_and_orders_use_nested_joins() {
    let by_manager = || {
        Post::query()
            .filter(Post::AUTHOR.has(User::MANAGER.has(User::ACTIVE) & User::VISITS.gt(3)))
            .order_by(Post::AUTHOR.order(User::MANAGER.order(User::EMAIL)))
    };
    statements(
        by_manager().with(Post::AUTHOR.with(User::MANAGER)),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels", t2."id", t2."email", t2."nickname", t2."visits", t2."active", t2."manager_id", t2."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "users" AS t2 ON t2."id" = t1."manager_id" WHERE t1."id" IS NOT NULL AND t2."id" IS NOT NULL AND t2."active" AND t1."visits" > $1 ORDER BY t2."email", t0."id""#
        ]],
    );
    // What is not joined is a subquery, correlated to what is.
    statements(
        by_manager().with(Post::AUTHOR),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t1."id" IS NOT NULL AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."manager_id" AND t2."active") AND t1."visits" > $1 ORDER BY (SELECT t3."email" FROM "users" AS t3 WHERE t3."id" = t1."manager_id"), t0."id""#
        ]],
    );
    // A value that is not NULL by itself where the row is missing.
    statements(
        Post::query()
            .with(Post::REVIEWER)
            .order_by(Post::REVIEWER.order(User::POSTS.count()))
            .order_by(Post::REVIEWER.order(sql!("coalesce($1, '')", User::NICKNAME))),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" ORDER BY CASE WHEN t1."id" IS NOT NULL THEN (SELECT count(*) FROM "post" AS t2 WHERE t2."author_id" = t1."id") END, CASE WHEN t1."id" IS NOT NULL THEN (coalesce(t1."nickname", '')) END, t0."id""#
        ]],
    );
    // Within the statement of a load, and not in a subquery of it.
    statements(
        User::query().with(
            User::POSTS
                .filter(Post::REVIEWER.has(User::ACTIVE))
                .filter(Post::TAGS.none(Tag::ID.eq(1)))
                .with(Post::REVIEWER),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."reviewer_id" WHERE t0."author_id" = ANY($1) AND t1."id" IS NOT NULL AND t1."active" AND NOT (EXISTS (SELECT FROM "tag" AS t2 JOIN "app"."post_tags" AS t3 ON t3."tag_id" = t2."id" WHERE t3."post_id" = t0."id" AND t2."id" = $2)) ORDER BY t0."id""#]],
    );
    statements(
        User::query()
            .with(User::MANAGER)
            .filter(User::REPORTS.any(User::MANAGER.has(User::ACTIVE))),
        expect![[
            r#"SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "users" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."manager_id" WHERE EXISTS (SELECT FROM "users" AS t2 WHERE t2."manager_id" = t0."id" AND EXISTS (SELECT FROM "users" AS t3 WHERE t3."id" = t2."manager_id" AND t3."active")) ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn a_join_that_may_hide_rows_is_not_used() {
    statements(
        User::query()
            .with(User::PASSPORT)
            .filter(User::PASSPORT.has(Passport::ID.gt(1)))
            .order_by(User::PASSPORT.order(Passport::ID)),
        expect![[
            r#"SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", t1."id", t1."user_id", t1."unlazy count" FROM "users" AS t0 LEFT JOIN LATERAL (SELECT t1."id", t1."user_id", count(*) OVER () AS "unlazy count" FROM "passport" AS t1 WHERE t1."user_id" = t0."id" LIMIT 1) AS t1 ON true WHERE EXISTS (SELECT FROM "passport" AS t2 WHERE t2."user_id" = t0."id" AND t2."id" > $1) ORDER BY (SELECT t3."id" FROM "passport" AS t3 WHERE t3."user_id" = t0."id"), t0."id""#
        ]],
    );
}

#[test]
fn one_row_is_counted_where_nothing_makes_it_unique() {
    statements(
        User::query()
            .with(User::PASSPORT)
            .with(User::PROFILE.joined()),
        expect![[
            r#"SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", t1."id", t1."user_id", t1."unlazy count", t2."id", t2."user_id", t2."unlazy count" FROM "users" AS t0 LEFT JOIN LATERAL (SELECT t1."id", t1."user_id", count(*) OVER () AS "unlazy count" FROM "profile" AS t1 WHERE t1."user_id" = t0."id" LIMIT 1) AS t1 ON true LEFT JOIN LATERAL (SELECT t2."id", t2."user_id", count(*) OVER () AS "unlazy count" FROM "passport" AS t2 WHERE t2."user_id" = t0."id" LIMIT 1) AS t2 ON true ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn selectin_below_joined_below_selectin() {
    statements(
        User::query().with(
            User::POSTS
                .filter(Post::TITLE.contains("a") | Post::ID.lt(9))
                .order_by(Post::TITLE.desc())
                .with(Post::AUTHOR.with(User::REPORTS)),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title", t1."id", t1."email", t1."nickname", t1."visits", t1."active", t1."manager_id", t1."labels" FROM "post" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."author_id" = ANY($1) AND (t0."title" LIKE $2 OR t0."id" < $3) ORDER BY t0."title" DESC, t0."id"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."manager_id" = ANY($1) ORDER BY t0."id""#]],
    );
}

#[test]
fn selectin_to_one() {
    statements(
        Post::query()
            .with(Post::AUTHOR.selectin())
            .with(Post::REVIEWER.selectin()),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."id" = ANY($1)
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 WHERE t0."id" = ANY($1)"#]],
    );
    statements(
        User::query().with(User::PROFILE),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."user_id" FROM "profile" AS t0 WHERE t0."user_id" = ANY($1)"#]],
    );
}

#[test]
fn selectin_through_link_tables() {
    statements(
        Post::query().with(Post::TAGS),
        expect![[r#"
        SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 ORDER BY t0."id"
        SELECT l."post_id", t0."id" FROM "app"."post_tags" AS l JOIN "tag" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1) ORDER BY t0."id""#]],
    );
    statements(
        User::query().with(
            User::FRIENDS
                .filter(User::ACTIVE)
                .filter_link(Friendship::SINCE.gt(2000))
                .order_by_link(Friendship::SINCE.desc())
                .order_by(User::EMAIL),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            SELECT l."user_id", t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "friendship" AS l JOIN "users" AS t0 ON t0."id" = l."friend_id" WHERE l."user_id" = ANY($1) AND t0."active" AND l."since" > $2 ORDER BY l."since" DESC, t0."email", t0."id""#]],
    );
}

#[test]
fn selectin_with_composite_keys() {
    statements(
        Line::query()
            .with(Line::PARCELS.filter(Parcel::ID.gt(1)))
            .with(Line::DISCOUNTS),
        expect![[r#"
            SELECT t0."order_id", t0."number" FROM "line" AS t0 ORDER BY t0."order_id", t0."number"
            SELECT k.n, t0."id", t0."order_id", t0."line_number" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "parcel" AS t0 ON t0."order_id" = k.c0 AND t0."line_number" = k.c1 WHERE t0."id" > $3 ORDER BY t0."id"
            SELECT k.n, t0."id" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "line_discount" AS l ON l."order_id" = k.c0 AND l."line_number" = k.c1 JOIN "tag" AS t0 ON t0."id" = l."tag_id" ORDER BY t0."id""#]],
    );
    statements(
        Parcel::query().with(Parcel::LINE),
        expect![[
            r#"SELECT t0."id", t0."order_id", t0."line_number", t1."order_id", t1."number" FROM "parcel" AS t0 LEFT JOIN "line" AS t1 ON t1."order_id" = t0."order_id" AND t1."number" = t0."line_number" ORDER BY t0."id""#
        ]],
    );
    statements(
        Parcel::query().with(Parcel::LINE.selectin()),
        expect![[r#"
            SELECT t0."id", t0."order_id", t0."line_number" FROM "parcel" AS t0 ORDER BY t0."id"
            SELECT k.n, t0."order_id", t0."number" FROM unnest($1::int8[], $2::int2[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "line" AS t0 ON t0."order_id" = k.c0 AND t0."number" = k.c1"#]],
    );
}

#[test]
fn all_that_is_below() {
    statements(
        User::query().with(User::REPORTS.recursive()),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            WITH RECURSIVE "unlazy tree"(r0, c0, a0) AS (SELECT k.c0, k.c0, nullif(k.c0, k.c0) FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT r.r0, t1."id", r.c0 FROM "unlazy tree" AS r JOIN "users" AS t1 ON t1."manager_id" = r.c0) SELECT r.r0, r.a0, t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "unlazy tree" AS r JOIN "users" AS t0 ON t0."id" = r.c0 WHERE r.a0 IS NOT NULL ORDER BY t0."id""#]],
    );
    statements(
        User::query().with(
            User::REPORTS
                .recursive()
                .filter(User::ACTIVE & User::VISITS.gt(1))
                .order_by(User::EMAIL.desc())
                .with(User::PASSPORT)
                .with(User::POSTS)
                .depth(3),
        ),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            WITH RECURSIVE "unlazy tree"(r0, c0, a0, depth) AS (SELECT k.c0, k.c0, nullif(k.c0, k.c0), 0::int8 FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT r.r0, t1."id", r.c0, r.depth + 1 FROM "unlazy tree" AS r JOIN "users" AS t1 ON t1."manager_id" = r.c0 WHERE r.depth < $2 AND (r.depth = 0 OR r.c0 <> r.r0) AND t1."active" AND t1."visits" > $3) SELECT r.r0, r.a0, t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", t2."id", t2."user_id", t2."unlazy count" FROM "unlazy tree" AS r JOIN "users" AS t0 ON t0."id" = r.c0 LEFT JOIN LATERAL (SELECT t2."id", t2."user_id", count(*) OVER () AS "unlazy count" FROM "passport" AS t2 WHERE t2."user_id" = t0."id" LIMIT 1) AS t2 ON true WHERE r.a0 IS NOT NULL ORDER BY t0."email" DESC, t0."id"
            SELECT t0."id", t0."author_id", t0."reviewer_id", t0."title" FROM "post" AS t0 WHERE t0."author_id" = ANY($1) ORDER BY t0."id""#]],
    );
}

#[test]
fn all_that_is_above() {
    statements(
        User::query().with(User::MANAGER.recursive()),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            WITH RECURSIVE "unlazy tree"(c0) AS (SELECT k.c0 FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT t1."manager_id" FROM "unlazy tree" AS r JOIN "users" AS t1 ON t1."id" = r.c0) SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "unlazy tree" AS r JOIN "users" AS t0 ON t0."id" = r.c0"#]],
    );
    statements(
        User::query().with(User::MANAGER.recursive().with(User::PASSPORT).depth(3)),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            WITH RECURSIVE "unlazy tree"(c0, depth) AS (SELECT k.c0, 1::int8 FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT t1."manager_id", r.depth + 1 FROM "unlazy tree" AS r JOIN "users" AS t1 ON t1."id" = r.c0 WHERE r.depth < $2) SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels", t2."id", t2."user_id", t2."unlazy count" FROM (SELECT DISTINCT c0 FROM "unlazy tree") AS r JOIN "users" AS t0 ON t0."id" = r.c0 LEFT JOIN LATERAL (SELECT t2."id", t2."user_id", count(*) OVER () AS "unlazy count" FROM "passport" AS t2 WHERE t2."user_id" = t0."id" LIMIT 1) AS t2 ON true"#]],
    );
    statements(
        User::query().with(User::MANAGER.recursive().depth(1_001)),
        expect![[r#"
            SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "users" AS t0 ORDER BY t0."id"
            WITH RECURSIVE "unlazy tree"(c0) AS (SELECT k.c0 FROM (SELECT * FROM unnest((SELECT $1::int8[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT t1."manager_id" FROM "unlazy tree" AS r JOIN "users" AS t1 ON t1."id" = r.c0) SELECT t0."id", t0."email", t0."nickname", t0."visits", t0."active", t0."manager_id", t0."labels" FROM "unlazy tree" AS r JOIN "users" AS t0 ON t0."id" = r.c0"#]],
    );
}

#[test]
fn trees_of_composite_keys_and_of_keys_that_are_equal_without_being_the_same() {
    statements(
        Section::query()
            .with(Section::PARENT.recursive())
            .with(Section::SECTIONS.recursive().depth(2)),
        expect![[r#"
            SELECT t0."document", t0."mood"::text, t0."parent_document", t0."parent_mood"::text FROM "section" AS t0 ORDER BY t0."document", t0."mood"
            WITH RECURSIVE "unlazy tree"(c0, c1) AS (SELECT k.c0, k.c1 FROM (SELECT * FROM unnest((SELECT coalesce($1, ARRAY(SELECT "parent_document" FROM "section" LIMIT 0))), (SELECT $2::text[]::mood[])) LIMIT (SELECT NULL::int8)) AS k(c0, c1) UNION SELECT t1."parent_document", t1."parent_mood" FROM "unlazy tree" AS r JOIN "section" AS t1 ON t1."document" = r.c0 AND t1."mood" = r.c1) SELECT t0."document", t0."mood"::text, t0."parent_document", t0."parent_mood"::text FROM "unlazy tree" AS r JOIN "section" AS t0 ON t0."document" = r.c0 AND t0."mood" = r.c1
            WITH RECURSIVE "unlazy tree"(r0, r1, c0, c1, a0, a1, depth) AS (SELECT k.c0, k.c1, k.c0, k.c1, nullif(k.c0, k.c0), nullif(k.c1, k.c1), 0::int8 FROM (SELECT * FROM unnest((SELECT coalesce($1, ARRAY(SELECT "document" FROM "section" LIMIT 0))), (SELECT $2::text[]::mood[])) LIMIT (SELECT NULL::int8)) AS k(c0, c1) UNION SELECT r.r0, r.r1, t1."document", t1."mood", r.c0, r.c1, r.depth + 1 FROM "unlazy tree" AS r JOIN "section" AS t1 ON t1."parent_document" = r.c0 AND t1."parent_mood" = r.c1 WHERE r.depth < $3 AND (r.depth = 0 OR (r.c0, r.c1) <> (r.r0, r.r1))) SELECT r.r0, r.r1::text, r.a0, r.a1::text, t0."document", t0."mood"::text, t0."parent_document", t0."parent_mood"::text FROM "unlazy tree" AS r JOIN "section" AS t0 ON t0."document" = r.c0 AND t0."mood" = r.c1 WHERE r.a0 IS NOT NULL ORDER BY t0."document", t0."mood""#]],
    );
    statements(
        Branch::query()
            .with(Branch::PARENT.recursive().depth(2))
            .with(Branch::BRANCHES.recursive()),
        expect![[r#"
            SELECT t0."name", t0."parent_name" FROM "branch" AS t0 ORDER BY t0."name"
            WITH RECURSIVE "unlazy tree"(x0, c0, depth) AS (SELECT concat(k.c0), k.c0, 1::int8 FROM (SELECT * FROM unnest((SELECT $1::citext[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT concat(t1."parent_name"), t1."parent_name", r.depth + 1 FROM "unlazy tree" AS r JOIN "branch" AS t1 ON t1."name" = r.c0 WHERE r.depth < $2) SELECT r.c0, t0."name", t0."parent_name" FROM (SELECT DISTINCT x0, c0 FROM "unlazy tree") AS r JOIN "branch" AS t0 ON t0."name" = r.c0
            WITH RECURSIVE "unlazy tree"(r0, x0, c0, a0) AS (SELECT k.c0, concat(k.c0), k.c0, nullif(k.c0, k.c0) FROM (SELECT * FROM unnest((SELECT $1::citext[])) LIMIT (SELECT NULL::int8)) AS k(c0) UNION SELECT r.r0, r.x0, t1."name", r.c0 FROM "unlazy tree" AS r JOIN "branch" AS t1 ON t1."parent_name" = r.c0) SELECT r.r0, r.a0, t0."name", t0."parent_name" FROM "unlazy tree" AS r JOIN "branch" AS t0 ON t0."name" = r.c0 WHERE r.a0 IS NOT NULL ORDER BY t0."name""#]],
    );
}

#[test]
fn enums_go_through_text() {
    statements(
        Song::query()
            .filter(Song::MOOD.eq(Mood::Happy) & Song::SECOND_MOOD.is_in([Mood::VerySad]))
            .filter(Song::MOODS.has_element(Mood::Happy) & Song::MOODS.has_all(vec![Mood::Happy]))
            .filter(Song::SECOND_MOOD.is_distinct_from(None))
            .filter(Song::MOODS.has_element(Song::MOOD))
            .order_by(Song::SECOND_MOOD),
        expect![[
            r#"SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE t0."mood" = $1::text::mood AND t0."second_mood" = ANY($2::text[]::mood[]) AND $3::text::mood = ANY(t0."moods") AND t0."moods" @> $4::text[]::mood[] AND t0."second_mood" IS DISTINCT FROM $5::text::mood AND t0."mood" = ANY(t0."moods") ORDER BY t0."second_mood", t0."mood""#
        ]],
    );
}

#[test]
fn enums_as_keys() {
    statements(
        Song::query().with(Song::SINGERS),
        expect![[r#"
        SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 ORDER BY t0."mood"
        SELECT t0."name", t0."mood"::text FROM "singer" AS t0 WHERE t0."mood" = ANY($1::text[]::mood[]) ORDER BY t0."name""#]],
    );
    statements(
        Singer::query().with(Singer::SONG),
        expect![[
            r#"SELECT t0."name", t0."mood"::text, t1."mood"::text, t1."moods"::text[], t1."second_mood"::text FROM "singer" AS t0 LEFT JOIN "song" AS t1 ON t1."mood" = t0."mood" ORDER BY t0."name""#
        ]],
    );
    statements(
        Singer::query().with(Singer::SONG.selectin()),
        expect![[r#"
            SELECT t0."name", t0."mood"::text FROM "singer" AS t0 ORDER BY t0."name"
            SELECT t0."mood"::text, t0."moods"::text[], t0."second_mood"::text FROM "song" AS t0 WHERE t0."mood" = ANY($1::text[]::mood[])"#]],
    );
}

#[test]
fn enums_in_composite_keys() {
    statements(
        Verse::find((Mood::Happy, 1)),
        expect![[
            r#"SELECT t0."mood"::text, t0."number" FROM "verse" AS t0 WHERE t0."mood" = $1::text::mood AND t0."number" = $2"#
        ]],
    );
    statements(
        Verse::find_many([(Mood::Happy, 1)]),
        expect![[
            r#"SELECT t0."mood"::text, t0."number" FROM "verse" AS t0 WHERE (t0."mood", t0."number") IN (SELECT * FROM unnest($1::text[]::mood[], $2::int4[])) ORDER BY t0."mood", t0."number""#
        ]],
    );
    statements(
        Verse::query().with(Verse::LINES),
        expect![[r#"
        SELECT t0."mood"::text, t0."number" FROM "verse" AS t0 ORDER BY t0."mood", t0."number"
        SELECT k.n, t0."id", t0."mood"::text, t0."number" FROM unnest($1::text[]::mood[], $2::int4[]) WITH ORDINALITY AS k(c0, c1, n) JOIN "verse_line" AS t0 ON t0."mood" = k.c0 AND t0."number" = k.c1 ORDER BY t0."id""#]],
    );
}

#[test]
fn keys_that_are_equal_without_being_the_same_are_matched_by_the_server() {
    statements(
        Fan::query().with(Fan::IDOL.selectin()),
        expect![[r#"
            SELECT t0."id", t0."idol_name" FROM "fan" AS t0 ORDER BY t0."id"
            SELECT k.n, t0."name", t0."mood"::text FROM unnest($1::citext[]) WITH ORDINALITY AS k(c0, n) JOIN "singer" AS t0 ON t0."name" = k.c0"#]],
    );
}

#[test]
fn names_are_quoted() {
    statements(
        Odd::query()
            .filter(Odd::GREETING.eq("hi") & Odd::OTHERS.exists())
            .with(Odd::OTHERS.order_by(Odd::GREETING)),
        expect![[r#"
            SELECT t0."type", t0."say ""hi""" FROM "My ""own"""."Select" AS t0 WHERE t0."say ""hi""" = $1 AND EXISTS (SELECT FROM "My ""own"""."Select" AS t1 WHERE t1."type" = t0."type") ORDER BY t0."type"
            SELECT t0."type", t0."say ""hi""" FROM "My ""own"""."Select" AS t0 WHERE t0."type" = ANY($1) ORDER BY t0."say ""hi""", t0."type""#]],
    );
}
