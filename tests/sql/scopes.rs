//! Scopes: where their conditions are written.

use expect_test::expect;
use unlazy::{Entity, Scope, Unloaded, sql};

use crate::statements;

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

/// Deleted users are hidden.
#[derive(Entity)]
#[entity(table = "users", scope = User::DELETED_AT.is_null())]
struct User<Posts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    deleted_at: Option<i64>,
    #[entity(has_many(Post, foreign_key = author_id, filter = Post::PUBLISHED))]
    posts: Posts,
    #[entity(has_one(Profile, foreign_key = user_id))]
    profile: Profile,
}

/// Of a tenant, and hidden with their authors: the scope leads through a relation whose target has one.
#[derive(Entity)]
#[entity(table = "posts", scope = Post::AUTHOR.exists())]
struct Post<Author = Unloaded, Reviewer = Unloaded, Tags = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant_id: i64,
    author_id: i64,
    reviewer_id: Option<i64>,
    published: bool,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    reviewer: Reviewer,
    #[entity(many_to_many(Tag, through = PostTag(post_id, tag_id)))]
    tags: Tags,
}

#[derive(Entity)]
#[entity(scope = Profile::PUBLIC | Profile::ID.lt(3))]
struct Profile {
    #[entity(primary_key)]
    id: i64,
    user_id: i64,
    public: bool,
}

#[derive(Entity)]
#[entity(table = "tags")]
struct Tag<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(Post, through = PostTag(tag_id, post_id)))]
    posts: Posts,
}

#[derive(Entity)]
#[entity(table = "post_tags", scope = !PostTag::HIDDEN)]
struct PostTag {
    #[entity(primary_key)]
    post_id: i64,
    #[entity(primary_key)]
    tag_id: i64,
    hidden: bool,
}

/// Each hides what the other one hides.
#[derive(Entity)]
#[entity(table = "folders", scope = Folder::FILES.exists())]
struct Folder<Files = Unloaded, Parent = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    #[entity(has_many(File, foreign_key = folder_id))]
    files: Files,
    #[entity(belongs_to(Folder, foreign_key = parent_id))]
    parent: Parent,
}

#[derive(Entity)]
#[entity(table = "files", scope = File::FOLDER.has(Folder::ID.gt(0)))]
struct File<In = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    folder_id: i64,
    #[entity(scope = Tenant)]
    tenant_id: Option<i64>,
    #[entity(belongs_to(Folder, foreign_key = folder_id))]
    folder: In,
}

/// Seen if its parent is there.
#[derive(Entity)]
#[entity(table = "chapters", scope = Chapter::PARENT.exists())]
struct Chapter<Parent = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: Option<i64>,
    #[entity(belongs_to(Chapter, foreign_key = parent_id))]
    parent: Parent,
}

#[test]
fn queries() {
    statements(
        User::query().filter(User::ID.eq(1) | User::ID.eq(2)),
        expect![[
            r#"SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL AND (t0."id" = $1 OR t0."id" = $2) ORDER BY t0."id""#
        ]],
    );
    statements(
        User::find(1),
        expect![[
            r#"SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL AND t0."id" = $1"#
        ]],
    );
    statements(
        User::find_many([1]),
        expect![[
            r#"SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL AND t0."id" = ANY($1) ORDER BY t0."id""#
        ]],
    );
    statements(
        User::from_sql(sql!("SELECT * FROM users")),
        expect![[
            r#"SELECT t0."id", t0."deleted_at" FROM (SELECT *, row_number() OVER () AS "unlazy row" FROM (SELECT * FROM users) AS q) AS t0 WHERE t0."deleted_at" IS NULL ORDER BY t0."unlazy row""#
        ]],
    );
    statements(
        Profile::query().filter(Profile::USER_ID.eq(1)),
        expect![[
            r#"SELECT t0."id", t0."user_id", t0."public" FROM "profile" AS t0 WHERE (t0."public" OR t0."id" < $1) AND t0."user_id" = $2 ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query().scope::<Tenant>(5),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 WHERE t0."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."author_id" AND t1."deleted_at" IS NULL) ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn loads() {
    statements(
        User::query().with(User::POSTS).with(User::PROFILE),
        expect![[r#"
            SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL ORDER BY t0."id"
            SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 WHERE t0."author_id" = ANY($1) AND t0."tenant_id" = $2 AND EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."author_id" AND t1."deleted_at" IS NULL) AND t0."published" ORDER BY t0."id"
            SELECT t0."id", t0."user_id", t0."public" FROM "profile" AS t0 WHERE t0."user_id" = ANY($1) AND (t0."public" OR t0."id" < $2)"#]],
    );
    statements(
        Post::query()
            .with(Post::AUTHOR.with(User::PROFILE.joined()))
            .with(Post::REVIEWER),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at", t2."id", t2."user_id", t2."public", t2."unlazy count", t3."id", t3."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" AND t1."deleted_at" IS NULL LEFT JOIN LATERAL (SELECT t2."id", t2."user_id", t2."public", count(*) OVER () AS "unlazy count" FROM "profile" AS t2 WHERE t2."user_id" = t1."id" AND (t2."public" OR t2."id" < $1) LIMIT 1) AS t2 ON true LEFT JOIN "users" AS t3 ON t3."id" = t0."reviewer_id" AND t3."deleted_at" IS NULL WHERE t0."tenant_id" = $2 AND t1."id" IS NOT NULL ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query().with(Post::AUTHOR.selectin()),
        expect![[r#"
        SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 WHERE t0."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."author_id" AND t1."deleted_at" IS NULL) ORDER BY t0."id"
        SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."id" = ANY($1) AND t0."deleted_at" IS NULL"#]],
    );
    statements(
        Tag::query().with(Tag::POSTS),
        expect![[r#"
        SELECT t0."id" FROM "tags" AS t0 ORDER BY t0."id"
        SELECT l."tag_id", t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "post_tags" AS l JOIN "posts" AS t0 ON t0."id" = l."post_id" WHERE l."tag_id" = ANY($1) AND t0."tenant_id" = $2 AND EXISTS (SELECT FROM "users" AS t1 WHERE t1."id" = t0."author_id" AND t1."deleted_at" IS NULL) AND NOT (l."hidden") ORDER BY t0."id""#]],
    );
}

#[test]
fn conditions_and_orders() {
    statements(
        User::query().filter(User::POSTS.any(Post::ID.gt(1)) & User::PROFILE.exists()),
        expect![[
            r#"SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL AND EXISTS (SELECT FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."author_id" AND t2."deleted_at" IS NULL) AND t1."id" > $2 AND t1."published") AND EXISTS (SELECT FROM "profile" AS t3 WHERE t3."user_id" = t0."id" AND (t3."public" OR t3."id" < $3)) ORDER BY t0."id""#
        ]],
    );
    statements(
        Tag::query().filter(Tag::POSTS.none(Post::ID.gt(1))),
        expect![[
            r#"SELECT t0."id" FROM "tags" AS t0 WHERE NOT (EXISTS (SELECT FROM "posts" AS t1 JOIN "post_tags" AS t2 ON t2."post_id" = t1."id" WHERE t2."tag_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t3 WHERE t3."id" = t1."author_id" AND t3."deleted_at" IS NULL) AND NOT (t2."hidden") AND t1."id" > $2)) ORDER BY t0."id""#
        ]],
    );
    statements(
        Profile::query().filter(Profile::PUBLIC).unscoped(),
        expect![[
            r#"SELECT t0."id", t0."user_id", t0."public" FROM "profile" AS t0 WHERE t0."public" ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query()
            .unscoped()
            .order_by(Post::REVIEWER.order(User::ID)),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 ORDER BY (SELECT t1."id" FROM "users" AS t1 WHERE t1."id" = t0."reviewer_id" AND t1."deleted_at" IS NULL), t0."id""#
        ]],
    );
}

#[test]
fn the_way_out_is_that_of_one_place() {
    statements(
        User::query().unscoped().with(User::PROFILE),
        expect![[r#"
        SELECT t0."id", t0."deleted_at" FROM "users" AS t0 ORDER BY t0."id"
        SELECT t0."id", t0."user_id", t0."public" FROM "profile" AS t0 WHERE t0."user_id" = ANY($1) AND (t0."public" OR t0."id" < $2)"#]],
    );
    statements(
        User::query().with(User::PROFILE.unscoped()),
        expect![[r#"
        SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."deleted_at" IS NULL ORDER BY t0."id"
        SELECT t0."id", t0."user_id", t0."public" FROM "profile" AS t0 WHERE t0."user_id" = ANY($1)"#]],
    );
    statements(
        Post::query()
            .unscoped()
            .with(Post::AUTHOR.unscoped())
            .with(Post::REVIEWER),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at", t2."id", t2."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "users" AS t2 ON t2."id" = t0."reviewer_id" AND t2."deleted_at" IS NULL ORDER BY t0."id""#
        ]],
    );
    statements(
        Post::query()
            .unscoped()
            .with(Post::AUTHOR.selectin().unscoped()),
        expect![[r#"
            SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 ORDER BY t0."id"
            SELECT t0."id", t0."deleted_at" FROM "users" AS t0 WHERE t0."id" = ANY($1)"#]],
    );
    statements(
        Tag::query()
            .with(Tag::POSTS.unscoped())
            .filter(Tag::POSTS.unscoped().any(Post::ID.gt(1))),
        expect![[r#"
            SELECT t0."id" FROM "tags" AS t0 WHERE EXISTS (SELECT FROM "posts" AS t1 JOIN "post_tags" AS t2 ON t2."post_id" = t1."id" WHERE t2."tag_id" = t0."id" AND NOT (t2."hidden") AND t1."id" > $1) ORDER BY t0."id"
            SELECT l."tag_id", t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "post_tags" AS l JOIN "posts" AS t0 ON t0."id" = l."post_id" WHERE l."tag_id" = ANY($1) AND NOT (l."hidden") ORDER BY t0."id""#]],
    );
    statements(
        Tag::query()
            .with(Tag::POSTS.unscoped().unscoped_link())
            .filter(Tag::POSTS.unscoped().unscoped_link().exists()),
        expect![[r#"
            SELECT t0."id" FROM "tags" AS t0 WHERE EXISTS (SELECT FROM "posts" AS t1 JOIN "post_tags" AS t2 ON t2."post_id" = t1."id" WHERE t2."tag_id" = t0."id") ORDER BY t0."id"
            SELECT l."tag_id", t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "post_tags" AS l JOIN "posts" AS t0 ON t0."id" = l."post_id" WHERE l."tag_id" = ANY($1) ORDER BY t0."id""#]],
    );
    statements(
        Post::query()
            .unscoped()
            .order_by(Post::REVIEWER.unscoped().order(User::ID)),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published" FROM "posts" AS t0 ORDER BY (SELECT t1."id" FROM "users" AS t1 WHERE t1."id" = t0."reviewer_id"), t0."id""#
        ]],
    );
}

#[test]
fn within_its_own_condition_an_entity_has_all_its_rows() {
    statements(
        Folder::query(),
        expect![[
            r#"SELECT t0."id", t0."parent_id" FROM "folders" AS t0 WHERE EXISTS (SELECT FROM "files" AS t1 WHERE t1."folder_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "folders" AS t2 WHERE t2."id" = t1."folder_id" AND t2."id" > $2)) ORDER BY t0."id""#
        ]],
    );
    statements(
        File::query(),
        expect![[
            r#"SELECT t0."id", t0."folder_id", t0."tenant_id" FROM "files" AS t0 WHERE t0."tenant_id" = $1 AND EXISTS (SELECT FROM "folders" AS t1 WHERE t1."id" = t0."folder_id" AND EXISTS (SELECT FROM "files" AS t2 WHERE t2."folder_id" = t1."id" AND t2."tenant_id" = $2) AND t1."id" > $3) ORDER BY t0."id""#
        ]],
    );
    statements(
        Folder::query().with(Folder::PARENT),
        expect![[
            r#"SELECT t0."id", t0."parent_id", t1."id", t1."parent_id" FROM "folders" AS t0 LEFT JOIN "folders" AS t1 ON t1."id" = t0."parent_id" AND EXISTS (SELECT FROM "files" AS t2 WHERE t2."folder_id" = t1."id" AND t2."tenant_id" = $1 AND EXISTS (SELECT FROM "folders" AS t3 WHERE t3."id" = t2."folder_id" AND t3."id" > $2)) WHERE EXISTS (SELECT FROM "files" AS t4 WHERE t4."folder_id" = t0."id" AND t4."tenant_id" = $3 AND EXISTS (SELECT FROM "folders" AS t5 WHERE t5."id" = t4."folder_id" AND t5."id" > $4)) ORDER BY t0."id""#
        ]],
    );
}

#[test]
fn aggregates_and_values_next_to_entities() {
    statements(
        User::query()
            .annotate((User::POSTS.count(), User::POSTS.unscoped().max(Post::ID)))
            .order_by(User::POSTS.count()),
        expect![[
            r#"SELECT t0."id", t0."deleted_at", (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."author_id" AND t2."deleted_at" IS NULL) AND t1."published"), (SELECT max(t3."id") FROM "posts" AS t3 WHERE t3."author_id" = t0."id" AND t3."published") FROM "users" AS t0 WHERE t0."deleted_at" IS NULL ORDER BY 3, t0."id""#
        ]],
    );
    statements(
        User::query().unscoped().annotate(
            User::POSTS
                .filter(Post::ID.gt(1))
                .limit_per_parent(2)
                .count(),
        ),
        expect![[
            r#"SELECT t0."id", t0."deleted_at", (SELECT count(*) FROM (SELECT FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."author_id" AND t2."deleted_at" IS NULL) AND t1."id" > $2 AND t1."published" LIMIT $3) AS q) FROM "users" AS t0 ORDER BY t0."id""#
        ]],
    );
    statements(
        User::query()
            .annotate(User::POSTS.count())
            .order_by(User::POSTS.unscoped().count()),
        expect![[
            r#"SELECT t0."id", t0."deleted_at", (SELECT count(*) FROM "posts" AS t1 WHERE t1."author_id" = t0."id" AND t1."tenant_id" = $1 AND EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t1."author_id" AND t2."deleted_at" IS NULL) AND t1."published") FROM "users" AS t0 WHERE t0."deleted_at" IS NULL ORDER BY (SELECT count(*) FROM "posts" AS t3 WHERE t3."author_id" = t0."id" AND t3."published"), t0."id""#
        ]],
    );
}

#[test]
fn a_join_serves_conditions_only_if_it_hides_the_same_rows() {
    let query = || Post::query().unscoped();
    statements(
        query()
            .with(Post::AUTHOR)
            .filter(Post::AUTHOR.has(User::ID.gt(1)))
            .order_by(Post::AUTHOR.order(User::ID)),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" AND t1."deleted_at" IS NULL WHERE t1."id" IS NOT NULL AND t1."id" > $1 ORDER BY t1."id", t0."id""#
        ]],
    );
    statements(
        query()
            .with(Post::AUTHOR.unscoped())
            .filter(Post::AUTHOR.has(User::ID.gt(1)))
            .order_by(Post::AUTHOR.order(User::ID)),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t0."author_id" AND t2."deleted_at" IS NULL AND t2."id" > $1) ORDER BY (SELECT t3."id" FROM "users" AS t3 WHERE t3."id" = t0."author_id" AND t3."deleted_at" IS NULL), t0."id""#
        ]],
    );
    statements(
        query()
            .with(Post::AUTHOR)
            .filter(!Post::AUTHOR.unscoped().exists())
            .order_by(Post::AUTHOR.unscoped().order(User::ID)),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" AND t1."deleted_at" IS NULL WHERE NOT (EXISTS (SELECT FROM "users" AS t2 WHERE t2."id" = t0."author_id")) ORDER BY (SELECT t3."id" FROM "users" AS t3 WHERE t3."id" = t0."author_id"), t0."id""#
        ]],
    );
    statements(
        query()
            .with(Post::AUTHOR.unscoped())
            .filter(!Post::AUTHOR.unscoped().exists()),
        expect![[
            r#"SELECT t0."id", t0."tenant_id", t0."author_id", t0."reviewer_id", t0."published", t1."id", t1."deleted_at" FROM "posts" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE NOT (t1."id" IS NOT NULL) ORDER BY t0."id""#
        ]],
    );
    statements(
        Chapter::query().with(Chapter::PARENT),
        expect![[
            r#"SELECT t0."id", t0."parent_id", t1."id", t1."parent_id" FROM "chapters" AS t0 LEFT JOIN "chapters" AS t1 ON t1."id" = t0."parent_id" AND EXISTS (SELECT FROM "chapters" AS t2 WHERE t2."id" = t1."parent_id") WHERE EXISTS (SELECT FROM "chapters" AS t3 WHERE t3."id" = t0."parent_id") ORDER BY t0."id""#
        ]],
    );
}
