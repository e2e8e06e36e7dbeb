//! What updates set columns to: calculated values, values of related rows, patches.

use rust_decimal::Decimal;
use unlazy::{Change, Entity, Error, Number, Patch, Record, Unloaded, Value, sql};

use crate::fixture::{assert_statements, database};

const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('happy', 'sad');
    CREATE DOMAIN quantity AS int4 CHECK (VALUE >= 0);
    CREATE TABLE counters (
        id int8 PRIMARY KEY, small int2 NOT NULL, medium quantity NOT NULL, big int8 NOT NULL, single float4 NOT NULL,
        double float8 NOT NULL, exact numeric(20, 4) NOT NULL, cents int8 NOT NULL, maybe int4,
        name varchar(40) NOT NULL, nickname text, labels text[] NOT NULL, moods mood[], busy bool NOT NULL DEFAULT false
    );
    INSERT INTO counters VALUES
        (1, 10, 20, 30, 1.5, 2.5, 3.25, 100, NULL, 'ann', NULL, '{a,b,a}', NULL),
        (2, 11, 21, 31, 1.5, 2.5, 3.25, 100, 5, 'ben', 'b', '{}', '{sad}');
    CREATE TABLE authors (
        id int8 PRIMARY KEY, name text NOT NULL, posts int8 NOT NULL DEFAULT 0, longest int4, mentor_id int8 REFERENCES authors
    );
    INSERT INTO authors VALUES (1, 'ann', 0, NULL, NULL), (2, 'ben', 0, NULL, NULL), (3, 'cleo', 9, 9, 1);
    CREATE TABLE posts (
        id int8 PRIMARY KEY, author_id int8 NOT NULL REFERENCES authors, length int4 NOT NULL, hidden bool NOT NULL,
        author_name text
    );
    INSERT INTO posts VALUES (1, 1, 100, false), (2, 1, 300, false), (3, 2, 200, false), (4, 2, 900, true);
";

#[derive(Value, Debug, Clone, Copy, PartialEq)]
struct Cents(i64);

impl Number for Cents {
    type Sum = Cents;
    type Average = f64;
}

#[derive(Value, Debug, Clone, Copy, PartialEq)]
enum Mood {
    Happy,
    Sad,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "counters")]
struct Counter {
    #[entity(primary_key)]
    id: i64,
    small: i16,
    medium: i32,
    big: i64,
    single: f32,
    double: f64,
    exact: Decimal,
    cents: Cents,
    maybe: Option<i32>,
    name: String,
    nickname: Option<String>,
    labels: Vec<String>,
    moods: Option<Vec<Mood>>,
    busy: bool,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "authors")]
struct Author<Posts = Unloaded, Mentor = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    name: String,
    #[entity(column = "posts")]
    number_of_posts: i64,
    longest: Option<i32>,
    mentor_id: Option<i64>,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(belongs_to(Author, foreign_key = mentor_id))]
    mentor: Mentor,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts", scope = !Post::HIDDEN)]
struct Post<Author_ = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    length: i32,
    hidden: bool,
    author_name: Option<String>,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    author: Author_,
}

#[tokio::test]
async fn numbers_of_every_type_are_calculated_with_values_of_theirs() {
    let (_test, db, log) = database(SCHEMA).await;
    let before = Counter::find(1).one(&db).await.unwrap();
    let after = Counter::update()
        .of(&before)
        .set(Counter::SMALL, Counter::SMALL + 1)
        .set(Counter::MEDIUM, Counter::MEDIUM * 2 - Counter::MEDIUM)
        .set(Counter::BIG, -(Counter::BIG / 4))
        .set(Counter::SINGLE, Counter::SINGLE * 2.0)
        .set(Counter::DOUBLE, Counter::DOUBLE / 2.0)
        .set(Counter::EXACT, Counter::EXACT + Decimal::new(5, 1))
        .set(Counter::CENTS, Counter::CENTS - Cents(1))
        .set(Counter::MAYBE, Counter::MAYBE + Counter::MEDIUM)
        .one(&db)
        .await
        .unwrap();
    let expected = Counter {
        small: 11,
        medium: 20,
        big: -7,
        single: 3.0,
        double: 1.25,
        exact: Decimal::new(37500, 4),
        cents: Cents(99),
        maybe: None,
        ..before
    };
    assert_eq!(after, expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn what_is_calculated_is_filtered_and_ordered_by_and_returned() {
    let (_test, db, _) = database(SCHEMA).await;
    let sum = Counter::MAYBE.unwrap_or(0) + Counter::MEDIUM;
    let found = Counter::query()
        .annotate((
            sum.clone(),
            Counter::MAYBE + 1,
            Counter::SMALL * Counter::SMALL,
        ))
        .filter((Counter::MEDIUM + 1).gt(Counter::MEDIUM))
        .filter(Counter::BIG.between(30..32))
        .order_by(sum.desc())
        .all(&db)
        .await
        .unwrap();
    let values: Vec<_> = found
        .into_iter()
        .map(|(c, a, b, d)| (c.id, a, b, d))
        .collect();
    assert_eq!(values, [(2, 26, Some(6), 121), (1, 20, None, 100)]);
}

#[tokio::test]
async fn the_server_refuses_results_that_do_not_fit() {
    let (_test, db, _) = database(SCHEMA).await;
    let all = || Counter::update().all_rows();
    let overflow = all().set(Counter::SMALL, Counter::SMALL * i16::MAX);
    for update in [overflow, all().set(Counter::BIG, Counter::BIG / 0)] {
        let error = update.execute(&db).await.unwrap_err();
        assert!(matches!(error, Error::Database(_)), "{error:?}");
    }
}

#[tokio::test]
async fn text_is_put_together_and_arrays_get_and_lose_elements() {
    let (_test, db, _) = database(SCHEMA).await;
    let changed = Counter::update()
        .all_rows()
        .set(
            Counter::NAME,
            Counter::NAME.concat("!").concat(Counter::NAME),
        )
        .set(Counter::NICKNAME, Counter::NAME.concat(Counter::NICKNAME))
        .set(Counter::LABELS, Counter::LABELS.remove("a").append("c"))
        .set(Counter::MOODS, Counter::MOODS.append(Mood::Happy))
        .set(Counter::BUSY, Counter::BIG.gt(30))
        .all(&db)
        .await
        .unwrap();
    let [ann, ben] = &changed[..] else {
        panic!("{changed:?}")
    };
    assert_eq!((&*ann.name, &*ben.name), ("ann!ann", "ben!ben"));
    assert_eq!(ann.nickname, None);
    assert_eq!(ben.nickname.as_deref(), Some("benb"));
    assert_eq!(ann.labels, ["b", "c"]);
    assert_eq!(ben.labels, ["c"]);
    assert_eq!(ann.moods, Some(vec![Mood::Happy]));
    assert_eq!(ben.moods, Some(vec![Mood::Sad, Mood::Happy]));
    assert_eq!((ann.busy, ben.busy), (false, true));
}

#[tokio::test]
async fn columns_are_set_to_what_references_hold() {
    let (_test, db, log) = database(SCHEMA).await;
    let mut counter = Counter::find(2).one(&db).await.unwrap();
    counter.nickname = Some("bee".to_owned());
    counter.labels.push("new".to_owned());
    let name: &str = "benjamin";
    let owned = "x".to_owned();
    let changed = Counter::update()
        .of(&counter)
        .set(Counter::NICKNAME, &owned)
        .set(Counter::NICKNAME, &counter.nickname)
        .set(Counter::LABELS, &counter.labels)
        .set(Counter::MAYBE, None)
        .set(Counter::NAME, name)
        .one(&db)
        .await
        .unwrap();
    assert_statements(&log, 2);
    let expected = Counter {
        name: name.to_owned(),
        maybe: None,
        ..counter
    };
    assert_eq!(changed, expected);
}

#[tokio::test]
async fn columns_are_set_to_what_related_rows_have() {
    let (_test, db, log) = database(SCHEMA).await;
    let authors = Author::update()
        .all_rows()
        .set(Author::NUMBER_OF_POSTS, Author::POSTS.count())
        .set(Author::LONGEST, Author::POSTS.unscoped().max(Post::LENGTH))
        .returning((Author::ID, Author::NUMBER_OF_POSTS, Author::LONGEST))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(
        authors,
        [(1, 2, Some(300)), (2, 1, Some(900)), (3, 0, None)]
    );

    // A required relation has a value, a nullable one may have none.
    let posts = Post::update()
        .filter(Post::AUTHOR.value(Author::NUMBER_OF_POSTS).gt(1))
        .set(Post::AUTHOR_NAME, Post::AUTHOR.value(Author::NAME))
        .set(Post::LENGTH, Post::LENGTH + 1)
        .returning((Post::AUTHOR_NAME, Post::LENGTH))
        .all(&db)
        .await
        .unwrap();
    let of_ann = |length| (Some("ann".to_owned()), length);
    assert_eq!(posts, [of_ann(101), of_ann(301)]);
    let mentors: Vec<(Author, Option<String>)> = Author::query()
        .annotate(Author::MENTOR.value(Author::NAME))
        .all(&db)
        .await
        .unwrap();
    let mentors: Vec<_> = mentors.iter().map(|(_, name)| name.as_deref()).collect();
    assert_eq!(mentors, [None, None, Some("ann")]);
    assert_statements(&log, 3);

    // From elsewhere, in SQL of one's own.
    let latest = sql!("SELECT max(id) FROM posts");
    let author = Author::update()
        .filter(Author::ID.eq(3))
        .set(Author::NUMBER_OF_POSTS, latest)
        .one(&db)
        .await
        .unwrap();
    assert_eq!(author.number_of_posts, 4);
}

#[tokio::test]
async fn a_row_that_need_not_be_there() {
    let (_test, db, _) = database(SCHEMA).await;
    let rename = |id| {
        Author::update()
            .filter(Author::ID.eq(id))
            .set(Author::NAME, "x")
    };
    assert_eq!(rename(9).one_or_none(&db).await.unwrap(), None);
    let found = rename(1).one_or_none(&db).await.unwrap();
    assert_eq!(found.unwrap().name, "x");

    let delete = |id| Post::delete().filter(Post::ID.eq(id));
    assert_eq!(delete(1).one(&db).await.unwrap().id, 1);
    assert_eq!(delete(1).one_or_none(&db).await.unwrap(), None);
    assert!(matches!(
        delete(1).one(&db).await,
        Err(Error::NotFound { entity: "Post" })
    ));
    assert_eq!(delete(2).one_or_none(&db).await.unwrap().unwrap().id, 2);
}

#[derive(Patch, Default, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[patch(Author)]
struct AuthorPatch {
    #[patch(skip)]
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    longest: Change<Option<i32>>,
    #[serde(skip)]
    mentor_id: Option<Option<i64>>,
}

fn patch(json: &str) -> AuthorPatch {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn a_patch_sets_what_it_has() {
    let (_test, db, log) = database(SCHEMA).await;
    let before = Author::find(3).with(Author::MENTOR).one(&db).await.unwrap();
    log.take();
    let after = |json| {
        let patch = patch(json);
        assert_eq!(patch.id, 3);
        Author::update().of(&before).patch(patch).one(&db)
    };
    // Nothing to change: the row is read.
    let unchanged = after(r#"{ "id": 3 }"#).await.unwrap();
    assert_eq!(unchanged, before.clone().into_bare());
    let renamed = after(r#"{ "id": 3, "name": "Cleo" }"#).await.unwrap();
    assert_eq!((&*renamed.name, renamed.longest), ("Cleo", Some(9)));
    let set = after(r#"{ "id": 3, "longest": 7 }"#).await.unwrap();
    assert_eq!((&*set.name, set.longest), ("Cleo", Some(7)));
    let null = after(r#"{ "id": 3, "longest": null }"#).await.unwrap();
    assert_eq!((&*null.name, null.longest), ("Cleo", None));
    assert_statements(&log, 4);

    let alone = AuthorPatch {
        mentor_id: Some(None),
        ..AuthorPatch::default()
    };
    let changed = Author::update()
        .filter(Author::MENTOR_ID.eq(1))
        .patch(alone)
        .set(Author::NUMBER_OF_POSTS, Author::NUMBER_OF_POSTS + 1)
        .one(&db)
        .await
        .unwrap();
    assert_eq!((changed.mentor_id, changed.number_of_posts), (None, 10));
}

#[tokio::test]
async fn an_empty_patch_sends_nothing_but_to_return_rows() {
    let (_test, db, log) = database(SCHEMA).await;
    let update = || {
        Author::update()
            .filter(Author::ID.ge(2))
            .patch(AuthorPatch::default())
    };
    assert_eq!(update().execute(&db).await.unwrap(), 0);
    assert_statements(&log, 0);
    assert_eq!(update().all(&db).await.unwrap().len(), 2);
    assert_eq!(
        update().returning(Author::ID).all(&db).await.unwrap(),
        [2, 3]
    );
    assert_statements(&log, 2);
}

#[test]
fn what_is_kept_is_not_in_json() {
    let json = r#"{"id":1,"longest":null}"#;
    assert_eq!(serde_json::to_string(&patch(json)).unwrap(), json);
    let json = r#"{"id":1,"name":"ann"}"#;
    assert_eq!(serde_json::to_string(&patch(json)).unwrap(), json);
    // A value that is kept is none.
    assert!(serde_json::to_string(&Change::<i32>::Keep).is_err());
}

#[test]
fn a_missing_field_is_not_taken_for_null() {
    #[derive(Debug, serde::Deserialize)]
    struct WithoutDefault {
        #[allow(dead_code)]
        nickname: Change<Option<String>>,
    }
    let error = serde_json::from_str::<WithoutDefault>("{}").unwrap_err();
    assert!(
        error.to_string().contains("missing field `nickname`"),
        "{error}"
    );
}
