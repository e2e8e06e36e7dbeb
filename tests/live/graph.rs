//! Rows that are inserted together with rows of their relations.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, Pool};
use orm_test::TestDb;
use tokio_postgres::NoTls;
use unlazy::{ConstraintKind, Db, Entity, Error, Insert, Loaded, StatementLog, Unloaded, loaded};

use crate::fixture::{database, one_connection, with_parameter};

const BLOG: &str = "
    CREATE TABLE users (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, role text NOT NULL DEFAULT 'guest');
    CREATE TABLE profiles (user_id int8 PRIMARY KEY REFERENCES users, bio text NOT NULL);
    CREATE TABLE posts (
        id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        author_id int8 NOT NULL REFERENCES users,
        title text NOT NULL CHECK (title <> ''),
        draft bool NOT NULL DEFAULT false);
    CREATE TABLE comments (
        id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, post_id int8 REFERENCES posts, text text NOT NULL CHECK (text <> ''));
    CREATE TABLE tags (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
    INSERT INTO tags (name) VALUES ('old'), ('older');
    CREATE TABLE post_tags (post_id int8 REFERENCES posts, tag_id int8 REFERENCES tags, PRIMARY KEY (post_id, tag_id));
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users")]
struct User<Posts = Unloaded, Drafts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    #[entity(default)]
    role: String,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = author_id, filter = Post::DRAFT.eq(true)))]
    drafts: Drafts,
    #[entity(has_one(Profile, foreign_key = user_id))]
    profile: Profile,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "profiles")]
struct Profile {
    #[entity(primary_key)]
    user_id: i64,
    bio: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
struct Post<Comments = Unloaded, Tags = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    author_id: i64,
    title: String,
    #[entity(default)]
    draft: bool,
    #[entity(has_many(Comment, foreign_key = post_id))]
    comments: Comments,
    #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
    tags: Tags,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "comments")]
struct Comment {
    #[entity(primary_key, generated)]
    id: i64,
    post_id: Option<i64>,
    text: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags")]
struct Tag<Posts = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    name: String,
    #[entity(many_to_many(Post, through = "post_tags"(tag_id, post_id)))]
    posts: Posts,
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        email: format!("{name}@a.org"),
    }
}

fn new_post(author: &User, title: &str) -> NewPost {
    NewPost {
        author_id: author.id,
        title: title.to_owned(),
    }
}

fn new_tag(name: &str) -> NewTag {
    NewTag {
        name: name.to_owned(),
    }
}

fn new_comment(post: &Post, text: &str) -> NewComment {
    NewComment {
        post_id: Some(post.id),
        text: text.to_owned(),
    }
}

async fn blog() -> (TestDb, Db, StatementLog) {
    database(BLOG).await
}

/// What was sent since the last time, each statement up to its table.
fn take_statements(log: &StatementLog) -> Vec<String> {
    let statements = log.take().into_iter();
    let beginning = |sql: String| sql.split(['(', ' ']).take(3).collect::<Vec<_>>().join(" ");
    statements
        .map(|statement| beginning(statement.sql))
        .collect()
}

#[tokio::test]
async fn a_row_and_what_is_below_it_are_one_statement_for_each_relation() {
    let (_test, db, log) = blog().await;
    let drafts = [("a", vec!["x", "y"]), ("b", vec![]), ("c", vec!["z"])];
    let user: loaded!(User { posts { tags } }) = User::insert_with(new_user("ann").with(
        User::POSTS.insert(drafts, |user, (title, tags)| {
            new_post(user, title).with(Post::TAGS.insert(tags, |_, name| new_tag(name)))
        }),
    ))
    .one(&db)
    .await
    .unwrap();
    assert_eq!(
        take_statements(&log),
        [
            "BEGIN",
            r#"INSERT INTO "users""#,
            r#"INSERT INTO "posts""#,
            r#"INSERT INTO "tags""#,
            r#"INSERT INTO "post_tags""#,
            "COMMIT",
        ]
    );
    let tags: Vec<Vec<&str>> = user
        .posts
        .iter()
        .map(|post| post.tags.iter().map(|tag| &*tag.name).collect())
        .collect();
    assert_eq!(tags, [vec!["x", "y"], vec![], vec!["z"]]);
    assert_eq!(user.role, "guest");

    let found = User::find(user.id).with(User::POSTS.with(Post::TAGS));
    assert_eq!(found.one(&db).await.unwrap(), user);
}

#[tokio::test]
async fn the_rows_of_all_parents_are_inserted_together() {
    let (_test, db, log) = blog().await;
    let people = [
        ("ann", vec!["a1", "a2"]),
        ("ben", vec![]),
        ("cleo", vec!["c1"]),
    ];
    let users: Vec<loaded!(User { posts { comments }, profile })> =
        User::insert_many_with(people.into_iter().map(|(name, titles)| {
            new_user(name)
                .with(User::POSTS.insert(titles, |user, title| {
                    let texts = ["first!", title];
                    new_post(user, title).with(Post::COMMENTS.insert(texts, new_comment))
                }))
                .with(
                    User::PROFILE.insert((name != "ben").then_some(name), |user, bio| NewProfile {
                        user_id: user.id,
                        bio: bio.to_owned(),
                    }),
                )
        }))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(log.take().len(), 2 + 4);

    let found = User::query()
        .with(User::POSTS.with(Post::COMMENTS))
        .with(User::PROFILE)
        .all(&db)
        .await
        .unwrap();
    assert_eq!(found, users);
    assert_eq!(users[0].posts[1].comments[1].text, "a2");
    assert_eq!(*users[1].profile, None);
    assert_eq!(users[2].profile.as_ref().unwrap().bio, "cleo");
}

#[tokio::test]
async fn relations_of_one_row_are_sent_together() {
    let test = TestDb::with_schema(BLOG).await.unwrap();
    let proxy = test.proxy(Duration::from_millis(5)).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    let insert = async |name: &str| {
        let posts = User::POSTS.insert(["a"], new_post);
        let profile = User::PROFILE.insert([name], |user, bio| NewProfile {
            user_id: user.id,
            bio: bio.to_owned(),
        });
        let new = new_user(name).with(posts).with(profile);
        User::insert_with(new).one(&db).await.unwrap()
    };
    // The statements are prepared the first time.
    insert("ann").await;
    proxy.reset();
    insert("ben").await;
    // BEGIN and the user, posts and profile, COMMIT.
    assert_eq!(proxy.round_trips(), 3);
}

#[tokio::test]
async fn one_statement_needs_no_transaction() {
    let (_test, db, log) = blog().await;
    let none: [&str; 0] = [];
    let posts = User::POSTS.insert(none, new_post);
    let user = User::insert_with(new_user("ann").with(posts))
        .one(&db)
        .await;
    assert_eq!(*user.unwrap().posts, []);
    assert_eq!(take_statements(&log), [r#"INSERT INTO "users""#]);

    let nobody = User::insert_many::<NewUser>([]).all(&db).await.unwrap();
    assert_eq!(nobody, []);
    let nobody: [&str; 0] = [];
    let new = nobody.map(|name| new_user(name).with(User::POSTS.insert(["a"], new_post)));
    let nobody = User::insert_many_with(new).all(&db).await.unwrap();
    assert!(nobody.is_empty());
    assert_eq!(take_statements(&log), [""; 0]);
}

#[tokio::test]
async fn links_to_rows_that_are_there() {
    let (_test, db, log) = blog().await;
    let ann = User::insert(new_user("ann")).one(&db).await.unwrap();
    let old = Arc::new(Tag::find(1).one(&db).await.unwrap());
    log.take();
    // The relation stays unloaded: of the tags only the keys are known.
    let post: Post =
        Post::insert_with(new_post(&ann, "a").with(Post::TAGS.link([old.clone(), old.clone()])))
            .one(&db)
            .await
            .unwrap();
    assert_eq!(log.take().len(), 4);
    let posts: Vec<loaded!(Post { comments })> = Post::insert_many_with(["b", "c"].map(|title| {
        new_post(&ann, title)
            .with(Post::TAGS.link([2, 1]))
            .with(Post::COMMENTS.insert([title], new_comment))
    }))
    .all(&db)
    .await
    .unwrap();
    assert_eq!(log.take().len(), 5);
    assert_eq!(posts[1].comments[0].text, "c");

    let found = Post::TAGS.load(vec![post], &db).await.unwrap();
    assert_eq!(*found[0].tags, [old]);
    let found = Post::TAGS.load(posts, &db).await.unwrap();
    assert_eq!(found[0].tags.len(), 2);
    assert_eq!(found[1].tags.len(), 2);
}

#[tokio::test]
async fn rows_below_shared_rows() {
    let (_test, db, _) = blog().await;
    let ann = User::insert(new_user("ann")).one(&db).await.unwrap();
    let titles = ["a", "b"];
    let tag = User::insert_with(
        new_user("ben").with(User::POSTS.insert(["p"], |user, title| {
            let ann = ann.clone();
            new_post(user, title).with(Post::TAGS.insert(["t"], move |_, name| {
                let ann = ann.clone();
                new_tag(name).with(Tag::POSTS.insert(titles, move |_, title| new_post(&ann, title)))
            }))
        })),
    )
    .one(&db)
    .await
    .map(|ben| Arc::clone(&ben.posts[0].tags[0]))
    .unwrap();
    let tag: Arc<Tag<Loaded<Vec<Arc<Post>>>>> = tag;
    assert_eq!(tag.posts.len(), 2);
    let found = Tag::find(tag.id).with(Tag::POSTS).one(&db).await.unwrap();
    // And the post that the tag was inserted with.
    assert_eq!(found.posts.len(), 3);
}

#[tokio::test]
async fn a_filter_of_the_relation_hides_nothing_that_was_inserted() {
    let (_test, db, _) = blog().await;
    let drafts = User::DRAFTS.insert(["not a draft"], new_post);
    let user = User::insert_with(new_user("ann").with(drafts))
        .one(&db)
        .await;
    let user = user.unwrap();
    assert_eq!(user.drafts.len(), 1);
    let found = User::find(user.id).with(User::DRAFTS).one(&db).await;
    assert_eq!(found.unwrap().drafts.len(), 0);
}

async fn nothing_is_stored(db: &Db) {
    assert_eq!(User::query().count(db).await.unwrap(), 0);
    assert_eq!(Post::query().count(db).await.unwrap(), 0);
    assert_eq!(Tag::query().count(db).await.unwrap(), 2);
}

#[tokio::test]
async fn a_row_with_the_key_of_another_parent_is_refused() {
    let (test, _, _) = blog().await;
    let db = one_connection(&test);
    let insert = User::insert_many_with(["ann", "ben"].map(|name| {
        new_user(name).with(User::POSTS.insert(["a"], |_, title| NewPost {
            author_id: 1,
            title: title.to_owned(),
        }))
    }));
    let error = insert.all(&db).await.unwrap_err();
    assert!(
        matches!(&error, Error::WrongParent { relation, key } if relation == "User.posts" && key == "2"),
        "{error:?}"
    );
    nothing_is_stored(&db).await;

    let lost = |_: &Post, text: &str| NewComment {
        post_id: None,
        text: text.to_owned(),
    };
    let insert = User::insert_with(new_user("ann").with(
        User::POSTS.insert(["a"], |user, title| {
            new_post(user, title).with(Post::COMMENTS.insert(["lost"], lost))
        }),
    ));
    let error = insert.one(&db).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a new row of `Post.comments` does not belong to its parent, whose key is 3: take the foreign key from the parent that the \
         function is given"
    );
    nothing_is_stored(&db).await;
}

#[tokio::test]
async fn two_rows_of_a_has_one_are_refused() {
    let (_test, db, _) = database(&BLOG.replace("user_id int8 PRIMARY KEY", "user_id int8")).await;
    let profiles = User::PROFILE.insert(["a", "b"], |user, bio| NewProfile {
        user_id: user.id,
        bio: bio.to_owned(),
    });
    let insert = User::insert_with(new_user("ann").with(profiles));
    let error = insert.one(&db).await.unwrap_err();
    assert!(matches!(&error, Error::TooMany { of } if of == "User.profile"));
    nothing_is_stored(&db).await;
}

#[tokio::test]
async fn a_row_that_a_trigger_leaves_out_is_an_error() {
    let schema = format!(
        "{BLOG} CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER skip BEFORE INSERT ON posts FOR EACH ROW WHEN (new.title = 'b') EXECUTE FUNCTION skip();"
    );
    let (_test, db, _) = database(&schema).await;
    let posts = User::POSTS.insert(["a", "b", "c"], new_post);
    let insert = User::insert_with(new_user("ann").with(posts));
    let error = insert.one(&db).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { entity: "Post" }));
    nothing_is_stored(&db).await;
}

#[tokio::test]
async fn the_error_is_that_of_the_statement_that_failed() {
    let (test, _, _) = blog().await;
    let db = one_connection(&test);
    // Twice, since what is prepared already is sent at other moments.
    for _ in 0..2 {
        for (title, text, table) in [("", "t", "posts"), ("a", "", "comments")] {
            let insert = User::insert_with(
                new_user("ann")
                    .with(User::DRAFTS.insert(["ok"], new_post))
                    .with(User::POSTS.insert([title], |user, title| {
                        new_post(user, title)
                            .with(Post::COMMENTS.insert([text], new_comment))
                            .with(Post::TAGS.insert(["x"], |_, name| new_tag(name)))
                    }))
                    .with(User::PROFILE.insert(["bio"], |user, bio| NewProfile {
                        user_id: user.id,
                        bio: bio.to_owned(),
                    })),
            );
            let error = insert.one(&db).await.unwrap_err();
            let violation = error.constraint().unwrap_or_else(|| panic!("{error:?}"));
            assert_eq!(violation.kind, ConstraintKind::Check);
            assert_eq!(violation.table.as_deref(), Some(table));
            nothing_is_stored(&db).await;
        }
    }
}

#[tokio::test]
async fn in_a_transaction_it_is_a_part_of_that() {
    let (_test, db, log) = blog().await;
    let posts = || User::POSTS.insert(["a"], new_post);
    db.transaction(async |tx| {
        User::insert_with(new_user("ann").with(posts()))
            .one(tx)
            .await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(log.take().len(), 4);

    // An error that only this library sees, so that the server would commit.
    let wrong = || {
        User::POSTS.insert(["a"], |_, title| NewPost {
            author_id: 1,
            title: title.to_owned(),
        })
    };
    let done = db
        .transaction(async |tx| {
            let failed = User::insert_with(new_user("ben").with(wrong()))
                .one(tx)
                .await;
            assert!(matches!(failed, Err(Error::WrongParent { .. })));
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(done, Err(Error::Aborted)));
    assert_eq!(User::query().count(&db).await.unwrap(), 1);

    // Within a savepoint the transaction goes on.
    db.transaction(async |tx| {
        let failed = tx
            .savepoint(async |tx| {
                User::insert_with(new_user("ben").with(wrong()))
                    .one(tx)
                    .await
            })
            .await;
        assert!(matches!(failed, Err(Error::WrongParent { .. })));
        User::insert(new_user("cleo")).one(tx).await
    })
    .await
    .unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 2);
}

#[tokio::test]
async fn a_graph_that_is_dropped_half_way_leaves_nothing() {
    let (test, db, _) = blog().await;
    let single = one_connection(&test);
    let mut locker = test.connect().await.unwrap();
    let lock = locker.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE posts").await.unwrap();
    let posts = || User::POSTS.insert(["a"], new_post);
    let insert = User::insert_with(new_user("ann").with(posts())).one(&single);
    let timeout = Duration::from_millis(300);
    assert!(tokio::time::timeout(timeout, insert).await.is_err());
    lock.rollback().await.unwrap();
    nothing_is_stored(&db).await;
    User::insert_with(new_user("ann").with(posts()))
        .one(&single)
        .await
        .unwrap();
}

#[tokio::test]
async fn on_clients_of_other_crates() {
    let (test, db, _) = blog().await;
    let posts = || User::POSTS.insert(["a"], new_post);
    let mut client = test.connect().await.unwrap();

    let outside = User::insert_with(new_user("ann").with(posts()))
        .one(&client)
        .await;
    assert!(matches!(outside, Err(Error::NoTransaction)));
    nothing_is_stored(&db).await;

    client.batch_execute("BEGIN").await.unwrap();
    let wrong = User::POSTS.insert(["a"], |_, title| NewPost {
        author_id: 0,
        title: title.to_owned(),
    });
    let failed = User::insert_with(new_user("ann").with(wrong))
        .one(&client)
        .await;
    assert!(failed.unwrap_err().constraint().is_some());
    User::insert_with(new_user("ben").with(posts()))
        .one(&client)
        .await
        .unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    let emails = User::query().all(&db).await.unwrap();
    assert_eq!(emails.len(), 1);

    let transaction = client.transaction().await.unwrap();
    User::insert_with(new_user("cleo").with(posts()))
        .one(&transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 1);

    let pool = Pool::builder(Manager::new(test.config(), NoTls))
        .build()
        .unwrap();
    let mut pooled = pool.get().await.unwrap();
    let transaction = pooled.transaction().await.unwrap();
    User::insert_with(new_user("dan").with(posts()))
        .one(&transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(Post::query().count(&db).await.unwrap(), 2);
}

#[tokio::test]
async fn values_may_be_borrowed_and_the_future_sent() {
    let (_test, db, _) = blog().await;
    let titles = vec![String::from("a"), String::from("b")];
    let insert = User::insert_with(
        new_user("ann").with(User::POSTS.insert(&titles, |user, title| new_post(user, title))),
    );
    let user = insert.one(&db).await.unwrap();
    assert_eq!(user.posts.len(), 2);

    let task = tokio::spawn(async move {
        let posts = User::POSTS.insert(titles, |user, title| new_post(user, &title));
        User::insert_with(new_user("ben").with(posts))
            .one(&db)
            .await
    });
    assert_eq!(task.await.unwrap().unwrap().posts.len(), 2);
}

/// A post that may be a draft.
#[derive(Insert)]
#[insert(Post)]
struct NewDraft {
    author_id: i64,
    title: String,
    draft: bool,
}

#[derive(Insert)]
#[insert(User)]
struct Member {
    email: String,
    role: String,
}

#[tokio::test]
async fn rows_of_structs_of_ones_own() {
    let (_test, db, _) = blog().await;
    let new = Member {
        email: String::from("ann@a.org"),
        role: String::from("admin"),
    };
    let titles = [("a", true), ("b", false)];
    let new = new.with(User::POSTS.insert(titles, |user, (title, draft)| {
        let new = NewDraft {
            author_id: user.id,
            title: title.to_owned(),
            draft,
        };
        new.with(Post::TAGS.link([1]))
    }));
    let user = User::insert_with(new).one(&db).await.unwrap();
    assert_eq!(user.role, "admin");
    let drafts: Vec<bool> = user.posts.iter().map(|post| post.draft).collect();
    assert_eq!(drafts, [true, false]);
}

const COMPOSITE: &str = "
    CREATE TABLE orders (shop int4, number text, PRIMARY KEY (shop, number));
    CREATE TABLE lines (shop int4, order_number text, line int4, PRIMARY KEY (shop, order_number, line),
        FOREIGN KEY (shop, order_number) REFERENCES orders);
    CREATE TABLE labels (shop int4, name text, PRIMARY KEY (shop, name));
    CREATE TABLE order_labels (shop int4, order_number text, name text, PRIMARY KEY (shop, order_number, name),
        FOREIGN KEY (shop, order_number) REFERENCES orders, FOREIGN KEY (shop, name) REFERENCES labels);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "orders")]
struct Order<Lines = Unloaded, Labels = Unloaded> {
    #[entity(primary_key)]
    shop: i32,
    #[entity(primary_key)]
    number: String,
    #[entity(has_many(Line, foreign_key = (shop, order_number)))]
    lines: Lines,
    #[entity(many_to_many(Label, through = OrderLabel((shop, order_number), (shop, name))))]
    labels: Labels,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "lines")]
struct Line {
    #[entity(primary_key)]
    shop: i32,
    #[entity(primary_key)]
    order_number: String,
    #[entity(primary_key)]
    line: i32,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "labels")]
struct Label {
    #[entity(primary_key)]
    shop: i32,
    #[entity(primary_key)]
    name: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "order_labels")]
struct OrderLabel {
    #[entity(primary_key)]
    shop: i32,
    #[entity(primary_key)]
    order_number: String,
    #[entity(primary_key)]
    name: String,
}

#[tokio::test]
async fn composite_keys_and_links_whose_keys_share_a_column() {
    let (_test, db, log) = database(COMPOSITE).await;
    let orders = Order::insert_many_with([(1, "a"), (2, "a")].map(|(shop, number)| {
        let new = NewOrder {
            shop,
            number: number.to_owned(),
        };
        new.with(Order::LINES.insert(1..=2, |order, line| NewLine {
            shop: order.shop,
            order_number: order.number.clone(),
            line,
        }))
        .with(Order::LABELS.insert(["x"], |order, name| NewLabel {
            shop: order.shop,
            name: name.to_owned(),
        }))
    }))
    .all(&db)
    .await
    .unwrap();
    assert_eq!(log.take().len(), 2 + 4);
    let found = Order::query().with(Order::LINES).with(Order::LABELS);
    assert_eq!(found.all(&db).await.unwrap(), orders);
    assert_eq!(orders[1].lines[1].shop, 2);
    assert_eq!(orders[1].labels[0].shop, 2);
}
