//! Scopes: deleted users, tenants, hidden links.

use std::fmt::Debug;

use tokio_postgres::NoTls;
use unlazy::{
    Db, Entity, EntityStream, Error, Query, Result, Scope, StatementLog, Unloaded, loaded, sql,
};

use crate::fixture::{assert_statements, database};

/// Tenant 1 has posts 1 to 4, tenant 2 posts 5 and 6. User 3 is deleted.
const BLOG: &str = "
    CREATE TABLE users (id int8 PRIMARY KEY, name text NOT NULL, deleted bool NOT NULL DEFAULT false);
    INSERT INTO users VALUES (1, 'ann', false), (2, 'ben', false), (3, 'cleo', true), (4, 'dan', false);

    CREATE TABLE posts (
        id int8 PRIMARY KEY,
        tenant_id int8 NOT NULL,
        author_id int8 NOT NULL REFERENCES users,
        reviewer_id int8 REFERENCES users,
        body text
    );
    INSERT INTO posts VALUES
        (1, 1, 1, 3), (2, 1, 1, 2), (3, 1, 2, NULL), (4, 1, 3, 1),
        (5, 2, 1, 2), (6, 2, 3, 3);

    CREATE TABLE badges (id int8 PRIMARY KEY, user_id int8 NOT NULL REFERENCES users, deleted bool NOT NULL);
    INSERT INTO badges VALUES (1, 1, true), (2, 1, false), (3, 2, true), (4, 4, false), (5, 4, false);

    CREATE TABLE tags (id int8 PRIMARY KEY, name text NOT NULL, deleted bool NOT NULL);
    INSERT INTO tags VALUES (1, 'rust', false), (2, 'sql', false), (3, 'old', true);
    CREATE TABLE post_tags (
        post_id int8 REFERENCES posts,
        tag_id int8 REFERENCES tags,
        hidden bool NOT NULL DEFAULT false,
        PRIMARY KEY (post_id, tag_id)
    );
    INSERT INTO post_tags VALUES (1, 1, false), (1, 2, true), (1, 3, false), (2, 3, false), (5, 1, false);

    CREATE TABLE comments (id int8 PRIMARY KEY, post_id int8 NOT NULL REFERENCES posts);
    INSERT INTO comments VALUES (1, 1), (2, 5), (3, 4);
";

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users", scope = !User::DELETED)]
struct User<Posts = Unloaded, Badge = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    name: String,
    deleted: bool,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_one(Badge, foreign_key = user_id))]
    badge: Badge,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
struct Post<
    Author = Unloaded,
    Reviewer = Unloaded,
    Tags = Unloaded,
    Comments = Unloaded,
    Body = Unloaded,
> {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant_id: i64,
    author_id: i64,
    reviewer_id: Option<i64>,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    reviewer: Reviewer,
    #[entity(many_to_many(Tag, through = PostTag(post_id, tag_id)))]
    tags: Tags,
    #[entity(has_many(Comment, foreign_key = post_id))]
    comments: Comments,
    #[entity(deferred(Option<String>))]
    body: Body,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "badges", scope = !Badge::DELETED)]
struct Badge {
    #[entity(primary_key)]
    id: i64,
    user_id: i64,
    deleted: bool,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags", scope = !Tag::DELETED)]
struct Tag<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    name: String,
    deleted: bool,
    #[entity(many_to_many(Post, through = PostTag(tag_id, post_id)))]
    posts: Posts,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "post_tags", scope = !PostTag::HIDDEN)]
struct PostTag {
    #[entity(primary_key)]
    post_id: i64,
    #[entity(primary_key)]
    tag_id: i64,
    hidden: bool,
}

/// Seen where its post is.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "comments", scope = Comment::POST.has(Post::AUTHOR.exists()))]
struct Comment<Of = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    post_id: i64,
    #[entity(belongs_to(Post, foreign_key = post_id))]
    post: Of,
}

/// A post whose scope is not declared, and which is only seen if other posts of its author are.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts", scope = Linked::SIBLINGS.any(Linked::ID.gt(1)))]
struct Linked<Siblings = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    #[entity(has_many(Linked, foreign_key = author_id))]
    siblings: Siblings,
}

/// A blog, a handle on it without a tenant, and one of tenant 1.
async fn blog() -> (orm_test::TestDb, Db, Db, StatementLog) {
    let (test, db, log) = database(BLOG).await;
    let first = db.scoped::<Tenant>(1);
    (test, db, first, log)
}

const NONE: [i64; 0] = [];

macro_rules! ids {
    ($rows:expr) => {
        $rows.iter().map(|row| row.id).collect::<Vec<i64>>()
    };
}

async fn users(query: Query<User>, db: &Db) -> Vec<i64> {
    ids!(query.all(db).await.unwrap())
}

async fn posts(query: Query<Post>, db: &Db) -> Vec<i64> {
    ids!(query.all(db).await.unwrap())
}

#[tokio::test]
async fn a_condition_reaches_queries_of_every_kind() {
    let (_test, db, _, _) = blog().await;
    assert_eq!(users(User::query(), &db).await, [1, 2, 4]);
    assert_eq!(users(User::find(3), &db).await, NONE);
    assert_eq!(users(User::find_many([2, 3]), &db).await, [2]);
    let own = User::from_sql(sql!("SELECT * FROM users ORDER BY id DESC"));
    assert_eq!(users(own, &db).await, [4, 2, 1]);
    assert_eq!(User::query().count(&db).await.unwrap(), 3);
    assert_eq!(User::query().limit(2).count(&db).await.unwrap(), 2);
    assert!(!User::find(3).exists(&db).await.unwrap());
    assert!(matches!(
        User::find(3).one(&db).await,
        Err(Error::NotFound { entity: "User" })
    ));
    let either = User::query().filter(User::ID.eq(3) | User::ID.eq(4));
    assert_eq!(users(either, &db).await, [4]);
    let locked = User::query().for_share().all(&db).await.unwrap();
    assert_eq!(locked.len(), 3);
}

#[tokio::test]
async fn the_way_out_shows_what_is_hidden() {
    let (_test, db, _, _) = blog().await;
    assert_eq!(users(User::query().unscoped(), &db).await, [1, 2, 3, 4]);
    assert_eq!(users(User::find(3).unscoped(), &db).await, [3]);
    let deleted = User::query().filter(User::DELETED).unscoped();
    assert_eq!(deleted.clone().count(&db).await.unwrap(), 1);
    assert!(deleted.exists(&db).await.unwrap());
    assert_eq!(users(User::query(), &db.unscoped()).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_required_target_that_is_hidden_is_missing_and_a_nullable_one_none() {
    let (_test, _, db, log) = blog().await;
    for (author, reviewer) in [
        (Post::AUTHOR.joined(), Post::REVIEWER.joined()),
        (Post::AUTHOR.selectin(), Post::REVIEWER.selectin()),
    ] {
        let hidden = Post::find(4).with(author.clone()).one(&db).await;
        let error = hidden.unwrap_err();
        assert!(
            matches!(&error, Error::MissingTarget { relation, key } if relation == "Post.author" && key == "3"),
            "{error:?}"
        );
        let post = Post::find(4).with(author.unscoped()).one(&db).await;
        assert_eq!(post.unwrap().author.name, "cleo");

        let post = Post::find(1).with(reviewer.clone()).one(&db).await;
        assert_eq!(*post.unwrap().reviewer, None);
        let post = Post::find(1).with(reviewer.unscoped()).one(&db).await;
        let post = post.unwrap();
        assert_eq!(post.reviewer.as_ref().unwrap().name, "cleo");
    }
    log.take();
    let posts = Post::query()
        .filter(Post::ID.lt(4))
        .with(Post::AUTHOR)
        .with(Post::REVIEWER);
    let reviewers: Vec<_> = posts
        .all(&db)
        .await
        .unwrap()
        .iter()
        .map(|post| post.reviewer.as_ref().map(|reviewer| reviewer.id))
        .collect();
    assert_eq!(reviewers, [None, Some(2), None]);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn hidden_rows_are_no_children() {
    let (_test, _, db, _) = blog().await;
    for badge in [User::BADGE.selectin(), User::BADGE.joined()] {
        let users = User::query()
            .filter(User::ID.lt(4))
            .with(badge.clone())
            .all(&db)
            .await
            .unwrap();
        let badges: Vec<_> = users
            .into_iter()
            .map(|user| user.badge.into_inner().map(|badge| badge.id))
            .collect();
        assert_eq!(badges, [Some(2), None]);

        let two = User::find(1).with(badge.unscoped()).one(&db).await;
        assert!(matches!(two, Err(Error::TooMany { .. })), "{two:?}");
    }
    let users = User::query().unscoped().with(User::POSTS);
    let users = users.all(&db).await.unwrap();
    let posts: Vec<_> = users.iter().map(|user| ids!(user.posts)).collect();
    assert_eq!(posts, [vec![1, 2], vec![3], vec![4], vec![]]);

    let all = User::find(1).with(User::POSTS.order_by(Post::ID.desc()).unscoped());
    assert_eq!(ids!(all.one(&db).await.unwrap().posts), [5, 2, 1]);
}

#[tokio::test]
async fn links_have_scopes_too() {
    let (_test, _, db, _) = blog().await;
    let loads = [
        (unlazy::IntoLoad::into_load(Post::TAGS), vec![1]),
        (Post::TAGS.unscoped().filter(Tag::ID.gt(0)), vec![1, 3]),
        (Post::TAGS.filter(Tag::ID.gt(0)).unscoped_link(), vec![1, 2]),
        (
            Post::TAGS.filter(Tag::ID.gt(0)).unscoped().unscoped_link(),
            vec![1, 2, 3],
        ),
    ];
    for (load, expected) in loads {
        let post = Post::find(1).with(load).one(&db).await.unwrap();
        assert_eq!(ids!(post.tags), expected);
    }
    let tag = Tag::find(1).with(Tag::POSTS).one(&db).await.unwrap();
    assert_eq!(ids!(tag.posts), [1]);

    let tagged = Post::query().filter(Post::TAGS.exists());
    assert_eq!(posts(tagged, &db).await, [1]);
    let sql = Post::query().filter(Post::TAGS.any(Tag::ID.eq(2)));
    assert_eq!(posts(sql, &db).await, NONE);
    let sql = Post::query().filter(Post::TAGS.unscoped_link().any(Tag::ID.eq(2)));
    assert_eq!(posts(sql, &db).await, [1]);
    let old = Post::query().filter(Post::TAGS.unscoped().any(Tag::ID.eq(3)));
    assert_eq!(posts(old, &db).await, [1, 2]);
}

#[tokio::test]
async fn conditions_and_orders_on_related_rows() {
    let (_test, _, db, _) = blog().await;
    let query = User::query;
    assert_eq!(
        users(query().filter(User::POSTS.exists()), &db).await,
        [1, 2]
    );
    let fifth = || User::POSTS.any(Post::ID.eq(5));
    assert_eq!(users(query().filter(fifth()), &db).await, NONE);
    let second = db.scoped::<Tenant>(2);
    assert_eq!(users(query().filter(fifth()), &second).await, [1]);
    let unscoped = User::POSTS.unscoped().any(Post::ID.eq(5));
    assert_eq!(users(query().filter(unscoped), &db).await, [1]);
    let none = User::POSTS.none(Post::ID.gt(0));
    assert_eq!(users(query().filter(none), &db).await, [4]);
    let badge = User::BADGE.has(Badge::ID.lt(4));
    assert_eq!(users(query().filter(badge), &db).await, [1]);
    let reviewed = Post::query().filter(Post::REVIEWER.exists());
    assert_eq!(posts(reviewed, &db).await, [2, 4]);
    let by_reviewer = Post::query().order_by(Post::REVIEWER.order(User::ID.desc()).nulls_last());
    assert_eq!(posts(by_reviewer, &db).await, [2, 4, 1, 3]);
    let by_reviewer = Post::query().order_by(
        Post::REVIEWER
            .unscoped()
            .order(User::ID.desc())
            .nulls_last(),
    );
    assert_eq!(posts(by_reviewer, &db).await, [1, 2, 4, 3]);
}

#[tokio::test]
async fn updates_and_deletes_leave_alone_what_is_hidden() {
    let (_test, _, db, _) = blog().await;
    let cleo = User::find(3).unscoped().one(&db).await.unwrap();
    let rename = || User::update().set(User::NAME, "nobody");
    assert!(matches!(
        rename().of(&cleo).one(&db).await,
        Err(Error::NotFound { entity: "User" })
    ));
    assert_eq!(User::update().of(&cleo).all(&db).await.unwrap(), []);
    assert_eq!(User::delete().of(&cleo).execute(&db).await.unwrap(), 0);
    let by_name = User::delete().filter(User::NAME.eq("cleo"));
    assert_eq!(by_name.all(&db).await.unwrap(), []);
    assert_eq!(rename().all_rows().execute(&db).await.unwrap(), 3);

    let restored = User::update().of(&cleo).set(User::DELETED, false);
    let restored = restored.unscoped().one(&db).await.unwrap();
    assert_eq!((restored.id, restored.deleted), (3, false));
    assert_eq!(users(User::query(), &db).await, [1, 2, 3, 4]);

    let comments = Comment::delete().unscoped().all_rows();
    assert_eq!(comments.execute(&db).await.unwrap(), 3);
    let links = PostTag::delete().unscoped().all_rows();
    assert_eq!(links.execute(&db).await.unwrap(), 5);
    let of_first = Post::delete().all_rows();
    assert_eq!(of_first.execute(&db).await.unwrap(), 4);
    let of_second = Post::delete().scope::<Tenant>(2).filter(Post::ID.eq(5));
    assert_eq!(of_second.execute(&db).await.unwrap(), 1);
    let moved = Post::update()
        .filter(Post::ID.eq(6))
        .set(Post::TENANT_ID, 1)
        .unscoped();
    assert_eq!(moved.execute(&db).await.unwrap(), 1);
    assert_eq!(posts(Post::query(), &db).await, [6]);
}

#[tokio::test]
async fn inserts_have_no_scope() {
    let (_test, db, _, _) = blog().await;
    let new = NewPost {
        id: 7,
        tenant_id: 9,
        author_id: 3,
        reviewer_id: None,
        body: None,
    };
    let post = Post::insert(new).one(&db).await.unwrap();
    assert_eq!(post.tenant_id, 9);
    assert_eq!(posts(Post::query(), &db.scoped::<Tenant>(9)).await, [7]);
}

#[tokio::test]
async fn the_value_of_the_query_comes_before_that_of_the_handle() {
    let (_test, db, first, log) = blog().await;
    let second = first.scoped::<Tenant>(2);
    assert_eq!(posts(Post::query(), &first).await, [1, 2, 3, 4]);
    assert_eq!(posts(Post::query(), &second).await, [5, 6]);
    let own = || Post::query().scope::<Tenant>(2);
    assert_eq!(posts(own(), &first).await, [5, 6]);
    assert_eq!(posts(own(), &db).await, [5, 6]);
    assert_eq!(posts(own().unscoped(), &db).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(own().count(&first).await.unwrap(), 2);
    assert!(!own().filter(Post::ID.lt(5)).exists(&first).await.unwrap());

    // All of the query's statements have it.
    log.take();
    let users = User::query().with(User::POSTS).scope::<Tenant>(2);
    let users = users.all(&first).await.unwrap();
    assert_eq!(ids!(users[0].posts), [5]);
    // And each is one statement for all values.
    let again = User::query().with(User::POSTS).all(&first).await.unwrap();
    assert_eq!(ids!(again[0].posts), [1, 2]);
    let sent: Vec<String> = log.take().into_iter().map(|sent| sent.sql).collect();
    let (second, first) = sent.split_at(sent.len() / 2);
    assert_eq!(second, first);
}

#[tokio::test]
async fn without_a_scope_holds_no_value_but_one_that_is_given_after_it() {
    let (_test, db, first, _) = blog().await;
    let all = [1, 2, 3, 4, 5, 6];
    assert_eq!(posts(Post::query(), &db.unscoped()).await, all);
    assert_eq!(posts(Post::query(), &first.unscoped()).await, all);
    let again = first.unscoped().scoped::<Tenant>(2);
    assert_eq!(posts(Post::query(), &again).await, [5, 6]);
    assert_eq!(users(User::query(), &again).await, [1, 2, 3, 4]);
    let own = Post::query().scope::<Tenant>(2);
    assert_eq!(posts(own, &db.unscoped()).await, [5, 6]);
    let post = Post::find(6).with(Post::AUTHOR).one(&db.unscoped()).await;
    assert_eq!(post.unwrap().author.name, "cleo");
}

#[tokio::test]
async fn transactions_and_savepoints_have_the_scopes_of_their_handle() {
    let (_test, _, first, _) = blog().await;
    let log = StatementLog::new();
    let counts = first
        .logged(&log)
        .transaction(async |tx| {
            let outside = Post::query().count(tx).await?;
            let inside = tx
                .savepoint(async |tx| Post::query().count(tx).await)
                .await?;
            let second = Post::query().scope::<Tenant>(2).count(tx).await?;
            Ok::<_, Error>([outside, inside, second])
        })
        .await
        .unwrap();
    assert_eq!(counts, [4, 4, 2]);
    assert_statements(&log, 7);
    let unscoped = first.unscoped();
    let all = unscoped.transaction(async |tx| Post::query().count(tx).await);
    assert_eq!(all.await.unwrap(), 6);
}

#[tokio::test]
async fn clients_of_other_libraries_take_the_value_from_the_query() {
    let (test, _, first, _) = blog().await;
    let (mut client, connection) = tokio_postgres::connect(&test.url(), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let own = || User::query().with(User::POSTS).scope::<Tenant>(2);
    let users = own().all(&client).await.unwrap();
    assert_eq!(ids!(users[0].posts), [5]);
    is_missing(Post::query().all(&client).await);
    let transaction = client.transaction().await.unwrap();
    assert_eq!(own().all(&transaction).await.unwrap(), users);
    drop(transaction);
    let pooled = first.pool().get().await.unwrap();
    assert_eq!(own().all(&pooled).await.unwrap(), users);
    is_missing(Post::query().count(&pooled).await);
    drop(client);
    connection.await.unwrap().unwrap();
}

#[track_caller]
fn is_missing<T: Debug>(outcome: Result<T>) {
    let error = outcome.unwrap_err();
    assert!(
        matches!(
            error,
            Error::MissingScope {
                entity: "Post",
                scope: "Tenant"
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn without_a_value_nothing_is_sent() {
    let (_test, db, _, log) = blog().await;
    log.take();
    is_missing(Post::query().all(&db).await);
    is_missing(Post::find(1).one_or_none(&db).await);
    is_missing(Post::query().count(&db).await);
    is_missing(Post::query().exists(&db).await);
    is_missing(Post::query().for_update().first(&db).await);
    is_missing(Post::from_sql(sql!("SELECT * FROM posts")).all(&db).await);
    is_missing(
        Post::update()
            .set(Post::AUTHOR_ID, 1)
            .all_rows()
            .execute(&db)
            .await,
    );
    is_missing(Post::update().all_rows().all(&db).await);
    is_missing(Post::delete().all_rows().execute(&db).await);
    is_missing(Post::delete().all_rows().all(&db).await);

    // In a load, also one below another that finds nothing, and one of a row that is not there.
    is_missing(User::query().with(User::POSTS).all(&db).await);
    is_missing(Tag::find(9).with(Tag::POSTS).all(&db).await);
    is_missing(
        Comment::query()
            .unscoped()
            .with(Comment::POST)
            .all(&db)
            .await,
    );
    is_missing(
        Comment::query()
            .unscoped()
            .with(
                Comment::POST
                    .unscoped()
                    .with(Post::AUTHOR.with(User::POSTS)),
            )
            .all(&db)
            .await,
    );
    // In a condition of the query, of a load or of a scope, and in an order.
    is_missing(User::query().filter(User::POSTS.exists()).all(&db).await);
    is_missing(
        User::delete()
            .filter(User::POSTS.exists())
            .execute(&db)
            .await,
    );
    is_missing(
        Post::query()
            .unscoped()
            .with(Post::TAGS.filter(Tag::POSTS.exists()))
            .all(&db)
            .await,
    );
    is_missing(
        Post::query()
            .unscoped()
            .with(
                Post::COMMENTS
                    .unscoped()
                    .order_by(Comment::POST.order(Post::ID)),
            )
            .all(&db)
            .await,
    );
    is_missing(Comment::query().all(&db).await);
    is_missing(Post::query().unscoped().with(Post::COMMENTS).all(&db).await);
    assert_statements(&log, 0);

    let error = Post::query().all(&db).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Post` is scoped by `Tenant`, which has no value here: give one with `db.scoped::<Tenant>(..)`, or with \
         `.scope::<Tenant>(..)` on the query; `.unscoped()` is for the rows of all"
    );
    // In a transaction it can go on.
    db.transaction(async |tx| {
        is_missing(Post::query().all(tx).await);
        User::query().count(tx).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_scope_may_lead_through_relations() {
    let (_test, db, first, _) = blog().await;
    let comments = |db: Db| async move { ids!(Comment::query().all(&db).await.unwrap()) };
    assert_eq!(comments(first.clone()).await, [1]);
    assert_eq!(comments(first.scoped::<Tenant>(2)).await, [2]);
    assert_eq!(comments(db.unscoped()).await, [1, 2, 3]);
    let posts = Post::query()
        .with(Post::COMMENTS)
        .all(&first)
        .await
        .unwrap();
    let comments: Vec<_> = posts.iter().map(|post| ids!(post.comments)).collect();
    assert_eq!(comments, [vec![1], vec![], vec![], vec![]]);
}

#[tokio::test]
async fn a_scope_that_leads_to_its_own_entity_finds_all_rows_there() {
    let (_test, db, _, _) = blog().await;
    let linked = Linked::query().with(Linked::SIBLINGS).all(&db).await;
    let found: Vec<_> = linked
        .unwrap()
        .iter()
        .map(|post| (post.id, ids!(post.siblings)))
        .collect();
    // The keys of authors are taken for those of posts: 1 has posts 1, 2 and 5, 2 has 3, and 3 has 4 and 6.
    assert_eq!(found, [(1, vec![1, 2]), (2, vec![3]), (3, vec![])]);
}

#[tokio::test]
async fn in_one_round_trip_too() {
    let (_test, db, first, log) = blog().await;
    let query = || {
        User::query()
            .with(
                User::POSTS
                    .with(Post::TAGS.with(Tag::POSTS))
                    .with(Post::REVIEWER),
            )
            .with(User::BADGE)
            .filter(User::POSTS.exists())
    };
    let by_levels = query().all(&first).await.unwrap();
    log.take();
    let pipelined = query().pipelined().all(&first).await.unwrap();
    assert_eq!(log.notes(), [""; 0]);
    assert_statements(&log, 7);
    assert_eq!(pipelined, by_levels);
    assert_eq!(ids!(pipelined[0].posts), [1, 2]);
    assert_eq!(ids!(pipelined[0].posts[0].tags), [1]);
    let second = query().scope::<Tenant>(2).pipelined();
    assert_eq!(ids!(second.all(&first).await.unwrap()[0].posts), [5]);

    log.take();
    is_missing(query().pipelined().all(&db).await);
    is_missing(User::query().pipelined().with(User::POSTS).all(&db).await);
    is_missing(Post::query().pipelined().with(Post::TAGS).all(&db).await);
    assert_statements(&log, 0);
}

#[tokio::test]
async fn onto_values_in_hand_and_so_many_of_each() {
    let (_test, db, first, log) = blog().await;
    let users = User::query().all(&db).await.unwrap();
    log.take();
    is_missing(User::POSTS.load(users.clone(), &db).await);
    is_missing(User::POSTS.load(Vec::<User>::new(), &db).await);
    let below = User::POSTS.unscoped().with(Post::TAGS.with(Tag::POSTS));
    is_missing(below.load(users.clone(), &db).await);
    assert_statements(&log, 0);
    let loaded = User::POSTS.load(users.clone(), &first).await.unwrap();
    assert_eq!(ids!(loaded[0].posts), [1, 2]);
    let loaded = User::POSTS
        .below(Post::TAGS)
        .load(loaded, &first)
        .await
        .unwrap();
    assert_eq!(ids!(loaded[0].posts[0].tags), [1]);
    let limited = User::POSTS.limit_per_parent(1).load(users.clone(), &first);
    assert_eq!(ids!(limited.await.unwrap()[1].posts), [3]);
    let unscoped = User::POSTS.unscoped().load(users, &db).await.unwrap();
    assert_eq!(ids!(unscoped[0].posts), [1, 2, 5]);
}

#[tokio::test]
async fn deferred_columns_of_hidden_rows_are_not_found() {
    let (_test, db, first, log) = blog().await;
    let posts = Post::query().unscoped().all(&db).await.unwrap();
    log.take();
    is_missing(Post::BODY.load(posts.clone(), &db).await);
    is_missing(Post::BODY.load(Vec::<Post>::new(), &db).await);
    assert_statements(&log, 0);
    let hidden = Post::BODY.load(posts.clone(), &first).await;
    assert!(
        matches!(hidden, Err(Error::NotFound { entity: "Post" })),
        "{hidden:?}"
    );
    let shown = Post::BODY.load(posts[..4].to_vec(), &first).await;
    assert_eq!(shown.unwrap().len(), 4);
    let all = Post::BODY.load(posts, &db.unscoped()).await;
    assert_eq!(all.unwrap().len(), 6);
}

#[tokio::test]
async fn aggregates_count_what_a_query_would_return() {
    let (_test, db, first, log) = blog().await;
    let counts = User::query().annotate((User::POSTS.count(), User::POSTS.unscoped().count()));
    let counts: Vec<_> = counts
        .all(&first)
        .await
        .unwrap()
        .into_iter()
        .map(|(user, posts, all)| (user.id, posts, all))
        .collect();
    assert_eq!(counts, [(1, 2, 3), (2, 1, 1), (4, 0, 0)]);
    assert_eq!(Post::query().sum(Post::ID, &first).await.unwrap(), Some(10));
    let second = Post::query().scope::<Tenant>(2);
    assert_eq!(second.max(Post::ID, &first).await.unwrap(), Some(6));
    let all = Post::query().unscoped().min(Post::TENANT_ID, &db).await;
    assert_eq!(all.unwrap(), Some(1));
    let busy = User::query().filter(User::POSTS.count().gt(1));
    assert_eq!(users(busy, &first).await, [1]);

    log.take();
    is_missing(Post::query().sum(Post::ID, &db).await);
    is_missing(User::query().annotate(User::POSTS.count()).all(&db).await);
    is_missing(
        User::query()
            .annotate(User::POSTS.count())
            .with(User::BADGE.selectin())
            .pipelined()
            .all(&db)
            .await,
    );
    is_missing(User::query().order_by(User::POSTS.count()).all(&db).await);
    assert_statements(&log, 0);
}

#[tokio::test]
async fn a_condition_is_the_same_whatever_is_joined() {
    let (_test, _, first, _) = blog().await;
    for reviewer in [
        Post::REVIEWER.joined(),
        Post::REVIEWER.selectin(),
        Post::REVIEWER.unscoped().joined(),
        Post::REVIEWER.unscoped().selectin(),
    ] {
        let query = || Post::query().with(reviewer.clone());
        let scoped = query().filter(Post::REVIEWER.exists()).all(&first);
        assert_eq!(ids!(scoped.await.unwrap()), [2, 4]);
        let unscoped = query().filter(Post::REVIEWER.unscoped().exists());
        assert_eq!(ids!(unscoped.all(&first).await.unwrap()), [1, 2, 4]);
        let none = query().filter(!Post::REVIEWER.exists()).all(&first);
        assert_eq!(ids!(none.await.unwrap()), [1, 3]);
        let order = Post::REVIEWER.order(User::ID.desc()).nulls_last();
        let ordered = query().order_by(order).all(&first).await;
        assert_eq!(ids!(ordered.unwrap()), [2, 4, 1, 3]);
    }
}

#[tokio::test]
async fn streams_are_scoped_as_their_queries_are() {
    let (_test, db, log) = database(BLOG).await;
    let query = || Post::query().with(Post::COMMENTS).batch_size(1);
    async fn ids(mut posts: EntityStream<'_, loaded!(Post { comments })>) -> Result<Vec<i64>> {
        let mut ids = Vec::new();
        while let Some(post) = posts.try_next().await? {
            ids.push(post.id);
        }
        Ok(ids)
    }
    let tenant = db.scoped::<Tenant>(2);
    assert_eq!(ids(query().stream(&tenant)).await.unwrap(), [5, 6]);
    let own = query().scope::<Tenant>(1).stream(&tenant);
    assert_eq!(ids(own).await.unwrap(), [1, 2, 3, 4]);
    log.take();
    let error = ids(query().stream(&db)).await.unwrap_err();
    assert!(matches!(error, Error::MissingScope { .. }), "{error:?}");
    let users = User::query().with(User::POSTS);
    let error = users.stream(&db).try_next().await.unwrap_err();
    assert!(matches!(error, Error::MissingScope { .. }), "{error:?}");
    assert_statements(&log, 0);
}
