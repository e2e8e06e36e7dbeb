//! Inserts: columns with defaults, generated ones, rows of one's own, arrays, and COPY.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::stream;
use unlazy::{Entity, Error, Insert, Json, sql};

use crate::fixture::*;
use crate::resources::drop_after;

const PEOPLE: &str = "
    CREATE TABLE people (
        id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        nickname text DEFAULT 'none',
        role text NOT NULL DEFAULT 'reader',
        name_length int4 GENERATED ALWAYS AS (length(name)) STORED,
        tags text[] NOT NULL DEFAULT '{}',
        scores int4[]
    );
    CREATE TABLE tickets (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people")]
struct Person {
    #[entity(primary_key, generated)]
    id: i64,
    name: String,
    #[entity(default)]
    nickname: Option<String>,
    #[entity(default)]
    role: String,
    #[entity(generated)]
    name_length: i32,
    #[entity(default)]
    tags: Vec<String>,
    #[entity(default)]
    scores: Option<Vec<Option<i32>>>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tickets")]
struct Ticket {
    #[entity(primary_key, generated)]
    id: i64,
}

fn new_person(name: &str) -> NewPerson {
    NewPerson {
        name: name.to_owned(),
    }
}

fn person(id: i64, name: &str) -> Person {
    Person {
        id,
        name: name.to_owned(),
        nickname: Some("none".to_owned()),
        role: "reader".to_owned(),
        name_length: name.len() as i32,
        tags: Vec::new(),
        scores: None,
    }
}

/// A row that has a value for some of the columns with defaults.
#[derive(Insert, Clone)]
#[insert(Person)]
struct Member {
    role: String,
    name: String,
    #[insert(skip)]
    #[expect(dead_code)]
    note: i32,
}

fn member(name: &str, role: &str) -> Member {
    Member {
        role: role.to_owned(),
        name: name.to_owned(),
        note: 7,
    }
}

/// A row with the key that it had elsewhere.
#[derive(Insert)]
#[insert(Person)]
struct Imported {
    #[insert(generated)]
    id: i64,
    name: String,
    nickname: Option<String>,
}

#[derive(Insert, Clone)]
#[insert(Person)]
struct WithArrays {
    name: String,
    tags: Vec<String>,
    scores: Option<Vec<Option<i32>>>,
}

#[tokio::test]
async fn what_is_left_out_gets_its_default() {
    let (_test, db, log) = database(PEOPLE).await;
    let ann = Person::insert(new_person("ann")).one(&db).await.unwrap();
    assert_eq!(ann, person(1, "ann"));
    let ben = Person::insert(new_person("ben"))
        .set(Person::ROLE, "admin")
        .set(Person::NICKNAME, None)
        .set(Person::NAME, sql!("upper($1)", "benno"))
        .one(&db)
        .await
        .unwrap();
    let expected = Person {
        nickname: None,
        role: "admin".to_owned(),
        ..person(2, "BENNO")
    };
    assert_eq!(ben, expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn many_rows_can_share_a_value_or_each_have_their_own() {
    let (_test, db, log) = database(PEOPLE).await;
    let roles = Person::insert_many(["ann", "ben"].map(new_person))
        .set(Person::ROLE, "writer")
        .returning(Person::ROLE)
        .all(&db)
        .await;
    assert_eq!(roles.unwrap(), ["writer", "writer"]);
    let members = [member("cleo", "admin"), member("dan", "guest")];
    let stored = Person::insert_many(members).all(&db).await.unwrap();
    let expected = [(3, "cleo", "admin"), (4, "dan", "guest")].map(|(id, name, role)| Person {
        role: role.to_owned(),
        ..person(id, name)
    });
    assert_eq!(stored, expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_generated_column_is_set_only_when_asked_for() {
    let (_test, db, _) = database(PEOPLE).await;
    let ann = Person::insert(new_person("ann")).set_generated(Person::ID, 70);
    assert_eq!(ann.one(&db).await.unwrap(), person(70, "ann"));
    let imported =
        [(71, "ben", None), (72, "cleo", Some("c"))].map(|(id, name, nickname)| Imported {
            id,
            name: name.to_owned(),
            nickname: nickname.map(str::to_owned),
        });
    let ids = Person::insert_many(imported)
        .returning((Person::ID, Person::NICKNAME))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(ids, [(71, None), (72, Some("c".to_owned()))]);
    // What is computed from other columns cannot be set by anybody.
    let computed = Person::insert(new_person("dan")).set_generated(Person::NAME_LENGTH, 9);
    assert!(matches!(
        computed.execute(&db).await,
        Err(Error::Database(_))
    ));
}

#[tokio::test]
async fn statements_return_what_they_are_asked_for() {
    let (_test, db, log) = database(PEOPLE).await;
    let id = Person::insert(new_person("ann")).returning(Person::ID);
    assert_eq!(id.one(&db).await.unwrap(), 1);
    let (id, shout, is_long) = Person::update()
        .filter(Person::NAME.eq("ann"))
        .set(Person::NAME, "anna")
        .returning((
            Person::ID,
            sql!("upper($1)", Person::NAME).returns::<String>(),
            Person::NAME_LENGTH.gt(3),
        ))
        .one(&db)
        .await
        .unwrap();
    assert_eq!((id, shout.as_str(), is_long), (1, "ANNA", true));
    let nobody = Person::delete()
        .filter(Person::ID.eq(9))
        .returning(Person::NAME);
    assert_eq!(nobody.one_or_none(&db).await.unwrap(), None);
    let nobody = Person::update()
        .filter(Person::ID.eq(9))
        .set(Person::NAME, "eve")
        .returning(Person::NAME);
    assert!(matches!(
        nobody.one(&db).await,
        Err(Error::NotFound { entity: "Person" })
    ));
    // Nothing is set, but something is asked for.
    let unchanged = Person::update().all_rows().returning(Person::NAME);
    assert_eq!(unchanged.all(&db).await.unwrap(), ["anna"]);
    let gone = Person::delete().all_rows().returning(Person::NAME);
    assert_eq!(gone.all(&db).await.unwrap(), ["anna"]);
    assert_statements(&log, 6);
    let none = Person::insert_many(Vec::<NewPerson>::new()).returning(Person::ID);
    assert_eq!(none.all(&db).await.unwrap(), [0; 0]);
    assert_statements(&log, 0);
}

#[tokio::test]
async fn many_rows_with_arrays_are_one_statement() {
    let (_test, db, log) = database(PEOPLE).await;
    let strings = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    let new = [
        (
            "full",
            strings(&["b", "a", ""]),
            Some(vec![Some(3), None, Some(1)]),
        ),
        ("empty", strings(&[]), Some(vec![])),
        ("null", strings(&["{\",NULL"]), None),
        ("nulls", strings(&[]), Some(vec![None, None])),
    ]
    .map(|(name, tags, scores)| WithArrays {
        name: name.to_owned(),
        tags,
        scores,
    });
    let stored = Person::insert_many(new.clone()).all(&db).await.unwrap();
    let stored: Vec<_> = stored
        .into_iter()
        .map(|person| (person.id, person.name, person.tags, person.scores))
        .collect();
    let expected: Vec<_> = (1..)
        .zip(new)
        .map(|(id, new)| (id, new.name, new.tags, new.scores))
        .collect();
    assert_eq!(stored, expected);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn more_rows_than_a_statement_has_parameters_come_back_in_their_order() {
    let (_test, db, log) = database(PEOPLE).await;
    let new = |number: i32| WithArrays {
        name: format!("person {number}"),
        tags: vec![format!("tag {number}")],
        scores: Some(vec![Some(number); (number % 3) as usize]),
    };
    let numbers = (0..70_000).rev();
    let stored = Person::insert_many(numbers.clone().map(new))
        .returning((Person::ID, Person::NAME, Person::TAGS, Person::SCORES))
        .all(&db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let expected = (1..).zip(numbers).map(|(id, number)| {
        let WithArrays { name, tags, scores } = new(number);
        (id, name, tags, scores)
    });
    assert!(stored.into_iter().eq(expected));
}

#[tokio::test]
async fn rows_without_a_column_of_their_own() {
    let (_test, db, _) = database(PEOPLE).await;
    let one = Ticket::insert(NewTicket {}).one(&db).await.unwrap();
    let more = Ticket::insert_many([const { NewTicket {} }; 3])
        .all(&db)
        .await
        .unwrap();
    let ids: Vec<_> = more.iter().map(|ticket| ticket.id).collect();
    assert_eq!((one.id, ids), (1, vec![2, 3, 4]));
}

/// A time may stand in a column with a zone or in one without, JSON in one that keeps its text or in one that does not.
#[tokio::test]
async fn many_rows_are_stored_as_one_row_is() {
    #[derive(Entity, Debug, PartialEq)]
    #[entity(table = "events")]
    struct Event {
        #[entity(primary_key, generated)]
        id: i64,
        at: SystemTime,
        past: Vec<SystemTime>,
        data: Json<RawText>,
    }

    let schema = "CREATE TABLE events (id bigserial PRIMARY KEY, at timestamp NOT NULL, past timestamp[] NOT NULL, data json NOT NULL)";
    let (_test, db, _) = database(schema).await;
    let new = || NewEvent {
        at: UNIX_EPOCH,
        past: vec![UNIX_EPOCH],
        data: Json(RawText { b: 1, a: 2 }),
    };
    let texts = db
        .transaction(async |tx| {
            tx.batch_execute("SET LOCAL TIME ZONE 'America/New_York'")
                .await?;
            Event::insert(new()).execute(tx).await?;
            Event::insert_many([new(), new()]).execute(tx).await?;
            Event::copy_in([new()]).execute(tx).await?;
            let text = sql!(
                "$1 || ' ' || $2::text || ' ' || $3",
                Event::AT,
                Event::PAST,
                Event::DATA
            );
            let texts = Event::query()
                .annotate(text.returns::<String>())
                .all(tx)
                .await?;
            Ok::<_, Error>(texts)
        })
        .await
        .unwrap();
    let expected = r#"1970-01-01 00:00:00 {"1970-01-01 00:00:00"} {"b":1,"a":2}"#;
    let texts: Vec<_> = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [expected; 4]);
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct RawText {
    b: i32,
    a: i32,
}

#[tokio::test]
async fn copied_rows_without_a_column_of_their_own() {
    let (_test, db, _) = database(PEOPLE).await;
    let copied = Ticket::copy_in([const { NewTicket {} }; 3])
        .execute(&db)
        .await;
    assert_eq!(copied.unwrap(), 3);
    assert_eq!(Ticket::query().count(&db).await.unwrap(), 3);
}

#[tokio::test]
async fn copied_rows_are_stored_and_counted() {
    let (_test, db, log) = database(PEOPLE).await;
    let reported = AtomicU64::new(0);
    let copied = Person::copy_in((0..2_500).map(|number| member(&number.to_string(), "copied")))
        .on_progress(|rows| {
            let before = reported.swap(rows, Ordering::Relaxed);
            assert!(before < rows && rows - before <= 1_000);
        })
        .execute(&db)
        .await
        .unwrap();
    assert_eq!((copied, reported.into_inner()), (2_500, 2_500));
    let copy = log.take();
    assert_eq!(copy.len(), 1);
    assert_eq!(
        (copy[0].sql.as_str(), copy[0].rows),
        (
            r#"COPY "people" ("role", "name") FROM STDIN (FORMAT binary)"#,
            2_500
        )
    );
    let last = Person::query().order_by(Person::ID.desc()).first(&db).await;
    let expected = Person {
        role: "copied".to_owned(),
        ..person(2_500, "2499")
    };
    assert_eq!(last.unwrap().unwrap(), expected);
    assert_eq!(
        Person::copy_in([] as [NewPerson; 0])
            .execute(&db)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_copy_is_all_or_nothing() {
    let (_test, db, _) = database(PEOPLE).await;
    let twice = Person::copy_in(["ann", "ben", "ann"].map(new_person))
        .execute(&db)
        .await;
    assert!(matches!(twice, Err(Error::Constraint { .. })), "{twice:?}");

    #[derive(Debug)]
    enum Broken {
        Input,
        #[expect(dead_code)]
        Database(Error),
    }
    impl From<Error> for Broken {
        fn from(error: Error) -> Self {
            Self::Database(error)
        }
    }
    let rows = ["ann", "ben"].map(|name| Ok(new_person(name)));
    let rows = stream::iter(rows.into_iter().chain([Err(Broken::Input)]));
    let broken = Person::copy_in_stream(rows).execute(&db).await;
    assert!(matches!(broken, Err(Broken::Input)), "{broken:?}");

    let in_transaction = db
        .transaction(async |tx| {
            Person::copy_in([new_person("cleo")]).execute(tx).await?;
            Person::copy_in(["ann", "ann"].map(new_person))
                .execute(tx)
                .await
        })
        .await;
    assert!(matches!(in_transaction, Err(Error::Constraint { .. })));
    assert_eq!(Person::query().count(&db).await.unwrap(), 0);
}

#[tokio::test]
async fn a_copy_that_is_dropped_stores_all_or_nothing() {
    let (_test, db, _) = database(PEOPLE).await;
    for polls in 0.. {
        let rows = (0..3_000).map(|number| new_person(&number.to_string()));
        let done = drop_after(polls, Person::copy_in(rows).execute(&db)).await;
        let stored = Person::query().count(&db).await.unwrap();
        if done {
            assert_eq!(stored, 3_000);
            assert!(polls > 2);
            break;
        }
        // Dropped after the end was sent, it may have been stored without our hearing of it.
        assert!(
            stored == 0 || stored == 3_000,
            "{stored} after {polls} polls"
        );
        Person::delete().all_rows().execute(&db).await.unwrap();
    }
}
