//! Filters and orders that are fixed on a relation.

use expect_test::expect;
use unlazy::{Entity, Unloaded};

use crate::statements;

#[derive(Entity)]
#[entity(table = "authors")]
struct Author<Posts = Unloaded, Drafts = Unloaded, Address = Unloaded, Photo = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(
        Post,
        foreign_key = author_id,
        filter = Post::PUBLISHED.eq(true),
        order_by = (Post::PINNED.desc(), Post::ID.desc()),
    ))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = author_id, filter = !Post::PUBLISHED))]
    drafts: Drafts,
    #[entity(has_one(Address, foreign_key = author_id, filter = Address::CURRENT))]
    address: Address,
    #[entity(has_one(Photo, foreign_key = author_id, filter = Photo::ID.is_in([1, 2]) | Photo::ID.gt(3)))]
    photo: Photo,
}

#[derive(Entity)]
#[entity(table = "posts")]
struct Post<By = Unloaded, Tags = Unloaded, Replies = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    published: bool,
    pinned: bool,
    answers: Option<i64>,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    author: By,
    #[entity(many_to_many(
        Tag,
        through = PostTag(post_id, tag_id),
        filter = Tag::NAME.ne(String::new()),
        filter_link = PostTag::HIDDEN.eq(false),
        order_by_link = PostTag::POSITION,
        order_by = Tag::NAME,
    ))]
    tags: Tags,
    #[entity(has_many(Post, foreign_key = answers, filter = Post::REPLIES.exists()))]
    replies: Replies,
}

#[derive(Entity)]
struct Address {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    current: bool,
}

#[derive(Entity)]
struct Photo {
    #[entity(primary_key)]
    id: i64,
    #[entity(unique)]
    author_id: i64,
}

#[derive(Entity)]
#[entity(table = "tags")]
struct Tag {
    #[entity(primary_key)]
    id: i64,
    name: String,
}

#[derive(Entity)]
#[entity(table = "post_tags")]
struct PostTag {
    #[entity(primary_key)]
    post_id: i64,
    #[entity(primary_key)]
    tag_id: i64,
    hidden: bool,
    position: i32,
}

#[test]
fn the_order_of_the_load_comes_first_then_the_fixed_one_then_the_key() {
    statements(
        Author::query().with(Author::POSTS),
        expect![[r#"
        SELECT t0."id" FROM "authors" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) AND t0."published" = $2 ORDER BY t0."pinned" DESC, t0."id" DESC"#]],
    );
    statements(
        Author::query().with(
            Author::POSTS
                .filter(Post::ID.gt(3))
                .order_by(Post::PUBLISHED)
                .selectin(),
        ),
        expect![[r#"
            SELECT t0."id" FROM "authors" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) AND t0."id" > $2 AND t0."published" = $3 ORDER BY t0."published", t0."pinned" DESC, t0."id" DESC"#]],
    );
    statements(
        Author::query().with(Author::DRAFTS),
        expect![[r#"
        SELECT t0."id" FROM "authors" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) AND NOT (t0."published") ORDER BY t0."id""#]],
    );
}

#[test]
fn one_row_in_each_strategy() {
    statements(
        Author::query().with(Author::ADDRESS),
        expect![[r#"
        SELECT t0."id" FROM "authors" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."current" FROM "address" AS t0 WHERE t0."author_id" = ANY($1) AND t0."current""#]],
    );
    statements(
        Author::query().with(Author::ADDRESS.joined()),
        expect![[
            r#"SELECT t0."id", t1."id", t1."author_id", t1."current", t1."unlazy count" FROM "authors" AS t0 LEFT JOIN LATERAL (SELECT t1."id", t1."author_id", t1."current", count(*) OVER () AS "unlazy count" FROM "address" AS t1 WHERE t1."author_id" = t0."id" AND t1."current" LIMIT 1) AS t1 ON true ORDER BY t0."id""#
        ]],
    );
    statements(
        Author::query().with(Author::PHOTO),
        expect![[
            r#"SELECT t0."id", t1."id", t1."author_id", t1."unlazy count" FROM "authors" AS t0 LEFT JOIN LATERAL (SELECT t1."id", t1."author_id", count(*) OVER () AS "unlazy count" FROM "photo" AS t1 WHERE t1."author_id" = t0."id" AND (t1."id" = ANY($1) OR t1."id" > $2) LIMIT 1) AS t1 ON true ORDER BY t0."id""#
        ]],
    );
    statements(
        Author::query().with(Author::PHOTO.selectin()),
        expect![[r#"
        SELECT t0."id" FROM "authors" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id" FROM "photo" AS t0 WHERE t0."author_id" = ANY($1) AND (t0."id" = ANY($2) OR t0."id" > $3)"#]],
    );
}

#[test]
fn links() {
    statements(
        Post::query().with(Post::TAGS),
        expect![[r#"
        SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 ORDER BY t0."id"
        SELECT l."post_id", t0."id", t0."name" FROM "post_tags" AS l JOIN "tags" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1) AND t0."name" <> $2 AND l."hidden" = $3 ORDER BY l."position", t0."name", t0."id""#]],
    );
    statements(
        Post::query().with(Post::TAGS.order_by_link(PostTag::TAG_ID)),
        expect![[r#"
            SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 ORDER BY t0."id"
            SELECT l."post_id", t0."id", t0."name" FROM "post_tags" AS l JOIN "tags" AS t0 ON t0."id" = l."tag_id" WHERE l."post_id" = ANY($1) AND t0."name" <> $2 AND l."hidden" = $3 ORDER BY l."tag_id", l."position", t0."name", t0."id""#]],
    );
    statements(
        Post::query().filter(Post::TAGS.any(Tag::NAME.eq("a"))),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE EXISTS (SELECT FROM "tags" AS t1 JOIN "post_tags" AS t2 ON t2."tag_id" = t1."id" WHERE t2."post_id" = t0."id" AND t1."name" = $1 AND t1."name" <> $2 AND t2."hidden" = $3) ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn conditions_and_orders_through_the_relation() {
    statements(
        Author::query().filter(Author::POSTS.exists() & Author::POSTS.none(Post::PINNED)),
        expect![[
            r#"SELECT t0."id" FROM "authors" AS t0 WHERE EXISTS (SELECT FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."published" = $1) AND NOT (EXISTS (SELECT FROM "posts" AS t2 WHERE t2."author_id" = t0."id" AND t2."pinned" AND t2."published" = $2)) ORDER BY t0."id""#
        ]],
    );
    statements(
        Author::query()
            .filter(Author::ADDRESS.has(Address::ID.gt(1)))
            .order_by(Author::PHOTO.order(Photo::ID.desc()))
            .order_by(Author::ADDRESS.order(Address::ID)),
        expect![[
            r#"SELECT t0."id" FROM "authors" AS t0 WHERE EXISTS (SELECT FROM "address" AS t1 WHERE t1."author_id" = t0."id" AND t1."id" > $1 AND t1."current") ORDER BY (SELECT t2."id" FROM "photo" AS t2 WHERE t2."author_id" = t0."id" AND (t2."id" = ANY($2) OR t2."id" > $3)) DESC, (SELECT t3."id" FROM "address" AS t3 WHERE t3."author_id" = t0."id" AND t3."current" ORDER BY t3."id" LIMIT 1), t0."id""#
        ]],
    );
    statements(
        Post::query().filter(Post::AUTHOR.has(Author::POSTS.exists())),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE EXISTS (SELECT FROM "authors" AS t1 WHERE t1."id" = t0."author_id" AND EXISTS (SELECT FROM "posts" AS t2 WHERE t2."author_id" = t1."id" AND t2."published" = $1)) ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn a_relation_within_its_own_filter_is_not_filtered_again() {
    statements(
        Post::query().filter(Post::REPLIES.exists()),
        expect![[
            r#"SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE EXISTS (SELECT FROM "posts" AS t1 WHERE t1."answers" = t0."id" AND EXISTS (SELECT FROM "posts" AS t2 WHERE t2."answers" = t1."id")) ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query().with(Post::REPLIES),
        expect![[r#"
        SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."author_id", t0."published", t0."pinned", t0."answers" FROM "posts" AS t0 WHERE t0."answers" = ANY($1) AND EXISTS (SELECT FROM "posts" AS t1 WHERE t1."answers" = t0."id") ORDER BY t0."id""#]],
    );
}
