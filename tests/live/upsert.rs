//! Upserts: what is inserted, what is updated, and what comes back.

#[path = "upsert/inserted.rs"]
mod inserted;
#[path = "upsert/scopes.rs"]
mod scopes;
#[path = "upsert/statements.rs"]
mod statements;

use orm_test::TestDb;
use unlazy::{ConstraintKind, Db, Entity, Error, StatementLog, UniqueKey, Unloaded, sql};

use crate::fixture::{assert_statements, database};

const SCHEMA: &str = "
    CREATE TABLE members (
        id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL CONSTRAINT members_by_email UNIQUE,
        name text NOT NULL CHECK (name <> ''),
        visits int4 NOT NULL DEFAULT 0,
        locked bool NOT NULL DEFAULT false,
        badge int4,
        status text NOT NULL DEFAULT 'open',
        deleted_at int8
    );
    CREATE UNIQUE INDEX ON members (name, badge);
    CREATE UNIQUE INDEX ON members (badge) WHERE deleted_at IS NULL AND NOT locked;
    CREATE UNIQUE INDEX ON members (badge, visits) WHERE status = 'open';
    INSERT INTO members (email, name, visits) VALUES ('ann@a.org', 'ann', 1), ('ben@b.org', 'ben', 5);
    UPDATE members SET locked = true WHERE name = 'ben';

    CREATE TABLE roles (member_id int8, role text, PRIMARY KEY (member_id, role));

    CREATE TABLE parts (id int8 PRIMARY KEY, code text NOT NULL UNIQUE, labels text[] NOT NULL, body text);
    INSERT INTO parts VALUES (1, 'a', '{x}', 'one');
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(
    table = "members",
    unique(name, badge),
    unique(badge, filter = Member::DELETED_AT.is_null() & !Member::LOCKED, name = LIVE_BADGE),
    unique(badge, visits, filter = sql!("status = 'open'")),
)]
struct Member {
    #[entity(primary_key, generated)]
    id: i64,
    #[entity(unique)]
    email: String,
    name: String,
    #[entity(default)]
    visits: i32,
    #[entity(default)]
    locked: bool,
    badge: Option<i32>,
    #[entity(default)]
    status: String,
    #[entity(default)]
    deleted_at: Option<i64>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "roles")]
struct Role {
    #[entity(primary_key)]
    member_id: i64,
    #[entity(primary_key)]
    role: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "parts")]
struct Part<Body = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(unique)]
    code: String,
    labels: Vec<String>,
    #[entity(deferred(Option<String>))]
    body: Body,
}

async fn members() -> (TestDb, Db, StatementLog) {
    database(SCHEMA).await
}

fn new(email: &str, name: &str) -> NewMember {
    NewMember {
        email: email.to_owned(),
        name: name.to_owned(),
        badge: None,
    }
}

fn ann() -> NewMember {
    new("ann@a.org", "anna")
}

fn emails(members: &[Member]) -> Vec<&str> {
    members.iter().map(|member| &*member.email).collect()
}

async fn find(db: &Db, email: &str) -> Member {
    let member = Member::query().filter(Member::EMAIL.eq(email));
    member.one(db).await.unwrap()
}

#[tokio::test]
async fn do_nothing_is_none_where_there_is_a_row() {
    let (_test, db, log) = members().await;
    let of = |new| {
        Member::insert(new)
            .on_conflict(Member::UNIQUE_EMAIL)
            .do_nothing()
    };
    assert_eq!(of(ann()).one_or_none(&db).await.unwrap(), None);
    assert_eq!(of(ann()).execute(&db).await.unwrap(), 0);
    let cleo = of(new("cleo@c.org", "cleo"))
        .one_or_none(&db)
        .await
        .unwrap();
    assert_eq!(cleo.unwrap().name, "cleo");
    assert_statements(&log, 3);
    assert_eq!(find(&db, "ann@a.org").await.name, "ann");
}

#[tokio::test]
async fn do_nothing_returns_only_what_was_inserted_in_the_order_of_the_new_rows() {
    let (_test, db, log) = members().await;
    let rows = || {
        let emails = ["z@z.org", "ann@a.org", "c@c.org", "z@z.org", "b@b.org"];
        emails.map(|email| new(email, email))
    };
    let upsert = || {
        Member::insert_many(rows())
            .on_conflict(Member::UNIQUE_EMAIL)
            .do_nothing()
    };
    let inserted = upsert().all(&db).await.unwrap();
    assert_eq!(emails(&inserted), ["z@z.org", "c@c.org", "b@b.org"]);
    assert_eq!(upsert().all(&db).await.unwrap(), []);
    let ids: Vec<i64> = upsert().returning(Member::ID).all(&db).await.unwrap();
    assert!(ids.is_empty());
    assert_statements(&log, 3);
}

#[tokio::test]
async fn do_nothing_over_any_key_does_not_say_which() {
    let (_test, db, _) = members().await;
    Member::insert(NewMember {
        badge: Some(7),
        ..new("c@c.org", "cleo")
    })
    .execute(&db)
    .await
    .unwrap();
    let same_name_and_badge = NewMember {
        badge: Some(7),
        ..new("d@d.org", "cleo")
    };
    let by_email = Member::insert(same_name_and_badge.clone())
        .on_conflict(Member::UNIQUE_EMAIL)
        .do_nothing()
        .execute(&db)
        .await;
    assert!(
        by_email
            .unwrap_err()
            .violates((Member::NAME, Member::BADGE))
    );
    let many = Member::insert_many([ann(), same_name_and_badge.clone()]).on_conflict_do_nothing();
    assert_eq!(many.execute(&db).await.unwrap(), 0);
    let one = Member::insert(same_name_and_badge).on_conflict_do_nothing();
    assert_eq!(one.one_or_none(&db).await.unwrap(), None);
}

#[tokio::test]
async fn update_makes_the_row_as_the_new_one_but_for_what_it_does_not_say() {
    let (_test, db, log) = members().await;
    let ben = Member::insert(new("ben@b.org", "benno"))
        .on_conflict(Member::UNIQUE_EMAIL)
        .update()
        .one(&db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    // Visits and the lock are not in the new row.
    assert_eq!((&*ben.name, ben.visits, ben.locked), ("benno", 5, true));
    let many = Member::insert_many([new("x@x.org", "x"), new("ben@b.org", "ben"), ann()])
        .on_conflict(Member::UNIQUE_EMAIL)
        .update();
    let written = many.all(&db).await.unwrap();
    assert_statements(&log, 1);
    assert_eq!(emails(&written), ["x@x.org", "ben@b.org", "ann@a.org"]);
    assert_eq!((written[1].id, &*written[1].name), (ben.id, "ben"));
    assert_eq!(written[2].name, "anna");
}

#[tokio::test]
async fn update_keeps_the_primary_key_of_the_row_that_is_there() {
    let (_test, db, _) = members().await;
    let part = NewPart {
        id: 9,
        code: "a".to_owned(),
        labels: vec!["y".to_owned(), "z".to_owned()],
        body: Some("two".to_owned()),
    };
    let of = |part| Part::insert(part).on_conflict(Part::UNIQUE_CODE);
    let updated = of(part.clone()).update().one(&db).await.unwrap();
    assert_eq!((updated.id, updated.labels.len()), (1, 2));
    let body = Part::find(1).with(Part::BODY).one(&db).await.unwrap();
    assert_eq!(body.body.as_deref(), Some("two"));
    // Unless it says so.
    let moved = of(part).set_excluded(Part::ID).one(&db).await.unwrap();
    assert_eq!(moved.id, 9);
}

#[tokio::test]
async fn a_row_that_is_all_key_is_updated_to_what_it_is() {
    let (_test, db, log) = members().await;
    let role = || NewRole {
        member_id: 1,
        role: "admin".to_owned(),
    };
    let upsert = || Role::insert(role()).on_conflict(Role::PRIMARY_KEY).update();
    let first = upsert().one(&db).await.unwrap();
    assert_eq!(upsert().one(&db).await.unwrap(), first);
    assert_statements(&log, 2);
    assert_eq!(Role::query().count(&db).await.unwrap(), 1);
}

#[tokio::test]
async fn set_combines_the_row_that_is_there_with_the_new_one() {
    let (_test, db, _) = members().await;
    let visit = |email: &str, visits: i32| {
        Member::insert(new(email, "someone"))
            .set(Member::VISITS, visits)
            .on_conflict(Member::UNIQUE_EMAIL)
            .set(
                Member::VISITS,
                sql!("$1 + $2", Member::VISITS, Member::VISITS.excluded()),
            )
            .set(Member::STATUS, "seen")
    };
    let ben = visit("ben@b.org", 3).one(&db).await.unwrap();
    assert_eq!((&*ben.name, ben.visits, &*ben.status), ("ben", 8, "seen"));
    let dan = visit("dan@d.org", 3).one(&db).await.unwrap();
    assert_eq!(
        (&*dan.name, dan.visits, &*dan.status),
        ("someone", 3, "open")
    );
    // Of several for one column the last one counts.
    let all_but_visits = Member::insert(new("ben@b.org", "benno"))
        .set(Member::VISITS, 100)
        .on_conflict(Member::UNIQUE_EMAIL)
        .update()
        .set(Member::VISITS, Member::VISITS)
        .one(&db)
        .await
        .unwrap();
    assert_eq!((&*all_but_visits.name, all_but_visits.visits), ("benno", 8));
    // What the insert does not set is its default there.
    let reset = Member::insert(new("ben@b.org", "ben"))
        .on_conflict(Member::UNIQUE_EMAIL)
        .set_excluded(Member::VISITS)
        .one(&db)
        .await
        .unwrap();
    assert_eq!((&*reset.name, reset.visits), ("benno", 0));
}

#[tokio::test]
async fn a_condition_may_leave_the_row_as_it_is() {
    let (_test, db, log) = members().await;
    let rename = |email: &str| {
        Member::insert(new(email, "new name"))
            .on_conflict(Member::UNIQUE_EMAIL)
            .update()
            .filter(Member::LOCKED.eq(false))
    };
    assert_eq!(rename("ben@b.org").one_or_none(&db).await.unwrap(), None);
    assert_eq!(rename("ben@b.org").execute(&db).await.unwrap(), 0);
    let ann = rename("ann@a.org").one_or_none(&db).await.unwrap();
    assert_eq!(ann.unwrap().name, "new name");
    let id = rename("ann@a.org").returning(Member::ID).one_or_none(&db);
    assert_eq!(id.await.unwrap(), Some(1));
    assert_statements(&log, 4);

    // About both rows.
    let newer = |visits| {
        Member::insert(ann_with_visits(visits))
            .set(Member::VISITS, visits)
            .on_conflict(Member::UNIQUE_EMAIL)
            .update()
            .filter(Member::VISITS.lt(Member::VISITS.excluded()))
            .one_or_none(&db)
    };
    assert_eq!(newer(1).await.unwrap(), None);
    assert_eq!(newer(2).await.unwrap().unwrap().visits, 2);
}

fn ann_with_visits(visits: i32) -> NewMember {
    new("ann@a.org", &format!("ann {visits}"))
}

#[tokio::test]
async fn each_kind_of_key_finds_its_index() {
    let (_test, db, log) = members().await;
    let with_badge = |email: &str, name: &str| {
        let badge = Some(7);
        Member::insert(NewMember {
            badge,
            ..new(email, name)
        })
    };
    let first = with_badge("c@c.org", "cleo").one(&db).await.unwrap();
    // Each is in conflict over one key only: locked rows are not in one index, closed ones not in another.
    let second = |name| with_badge("d@d.org", name);
    let upserts = [
        second("cleo")
            .set(Member::LOCKED, true)
            .set(Member::STATUS, "closed")
            .on_conflict(Member::UNIQUE_NAME_BADGE),
        second("dora")
            .set(Member::STATUS, "closed")
            .on_conflict(Member::LIVE_BADGE),
        second("dora")
            .set(Member::LOCKED, true)
            .on_conflict(Member::UNIQUE_BADGE_VISITS),
        Member::insert(new("c@c.org", "dora"))
            .on_conflict(UniqueKey::constraint("members_by_email")),
    ];
    log.take();
    // Often enough for the server to plan it for all values.
    for _ in 0..7 {
        for upsert in upserts.clone() {
            let updated = upsert.set(Member::DELETED_AT, None::<i64>).one(&db).await;
            assert_eq!(updated.unwrap(), first);
        }
    }
    assert_statements(&log, 28);

    // Its row is not among those of the partial index any more.
    Member::update()
        .of(&first)
        .set(Member::DELETED_AT, 1)
        .set(Member::EMAIL, "gone@c.org")
        .set(Member::STATUS, "closed")
        .set(Member::NAME, "gone")
        .execute(&db)
        .await
        .unwrap();
    let again = second("cleo").on_conflict(Member::LIVE_BADGE).do_nothing();
    assert!(again.one_or_none(&db).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_without_an_index_is_refused() {
    let (_test, db, _) = members().await;
    let refused = |key| {
        Member::insert(ann())
            .on_conflict(key)
            .do_nothing()
            .execute(&db)
    };
    let unknown = refused(UniqueKey::constraint("members\"; --")).await;
    let message = unknown.unwrap_err().to_string();
    assert!(message.contains(r#""members"; --""#), "{message}");
    unlazy::execute(
        sql!("ALTER TABLE members DROP CONSTRAINT members_by_email"),
        &db,
    )
    .await
    .unwrap();
    let message = refused(Member::UNIQUE_EMAIL).await.unwrap_err().to_string();
    assert!(
        message.contains("no unique or exclusion constraint"),
        "{message}"
    );
}

#[tokio::test]
async fn two_new_rows_with_one_key_are_an_error_that_says_so() {
    let (_test, db, _) = members().await;
    let twice = || Member::insert_many([ann(), ann()]).on_conflict(Member::UNIQUE_EMAIL);
    let all = twice().update().all(&db).await;
    assert!(matches!(&all, Err(Error::SameKeyTwice(_))), "{all:?}");
    assert!(!all.as_ref().unwrap_err().is_retryable());
    assert!(all.unwrap_err().as_db_error().is_some());
    let ids = twice().update().returning(Member::ID).all(&db).await;
    assert!(matches!(&ids, Err(Error::SameKeyTwice(_))), "{ids:?}");
    assert_eq!(find(&db, "ann@a.org").await.name, "ann");
    // Nothing is updated twice.
    assert_eq!(twice().do_nothing().execute(&db).await.unwrap(), 0);

    // A subquery of several rows has the same code, and is something else.
    let subquery = Member::insert(ann())
        .on_conflict(Member::UNIQUE_EMAIL)
        .set(Member::VISITS, sql!("(SELECT m.visits FROM members AS m)"))
        .execute(&db)
        .await;
    assert!(matches!(&subquery, Err(Error::Database(_))), "{subquery:?}");
}

#[tokio::test]
async fn other_constraints_are_still_errors() {
    let (_test, db, _) = members().await;
    let empty_name = Member::insert(new("ann@a.org", ""))
        .on_conflict(Member::UNIQUE_EMAIL)
        .update()
        .one(&db)
        .await;
    let error = empty_name.unwrap_err();
    assert_eq!(error.constraint().unwrap().kind, ConstraintKind::Check);
}

#[tokio::test]
async fn no_rows_send_nothing() {
    let (_test, db, log) = members().await;
    let none = || Member::insert_many::<NewMember>([]).on_conflict(Member::UNIQUE_EMAIL);
    assert_eq!(none().update().all(&db).await.unwrap(), []);
    assert_eq!(none().update().all_upserted(&db).await.unwrap(), []);
    assert_eq!(none().do_nothing().execute(&db).await.unwrap(), 0);
    assert_statements(&log, 0);
}

#[tokio::test]
async fn upserts_at_the_same_time_lose_nothing() {
    let (_test, db, _) = members().await;
    let visits = (0..20).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let counted = Member::insert(new("eve@e.org", "eve"))
                .set(Member::VISITS, 1)
                .on_conflict(Member::UNIQUE_EMAIL)
                .set(
                    Member::VISITS,
                    sql!("$1 + $2", Member::VISITS, Member::VISITS.excluded()),
                );
            counted.one_upserted(&db).await.unwrap()
        })
    });
    let mut inserted = 0;
    for visit in visits.collect::<Vec<_>>() {
        inserted += i32::from(visit.await.unwrap().is_inserted());
    }
    assert_eq!(inserted, 1);
    assert_eq!(find(&db, "eve@e.org").await.visits, 20);
}

#[tokio::test]
async fn an_upsert_waits_for_a_row_that_another_transaction_inserts() {
    let (_test, db, _) = members().await;
    let upsert = |name| {
        Member::insert(new("eve@e.org", name))
            .on_conflict(Member::UNIQUE_EMAIL)
            .update()
    };
    let waiting = db
        .transaction(async |tx| {
            let first = upsert("first").one_upserted(tx).await?;
            assert!(first.is_inserted());
            let (other, second) = (db.clone(), upsert("second"));
            let waiting = tokio::spawn(async move { second.one_upserted(&other).await });
            until_somebody_waits_for_a_transaction(&db).await;
            Ok::<_, Error>(waiting)
        })
        .await
        .unwrap();
    let second = waiting.await.unwrap().unwrap();
    assert!(!second.is_inserted());
    assert_eq!(second.into_inner().name, "second");
}

async fn until_somebody_waits_for_a_transaction(db: &Db) {
    let waits = sql!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid')"
    );
    let waits = waits.returns::<bool>();
    for _ in 0..1000 {
        let query = Member::query().limit(1).annotate(waits.clone());
        if query.one(db).await.unwrap().1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

/// Over a constraint whose columns are not known, and with nothing but a key to set.
#[tokio::test]
async fn a_row_with_nothing_to_update_stays_as_it_is() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "seats")]
    struct Seat {
        #[entity(primary_key)]
        number: i32,
        #[entity(generated)]
        serial: i32,
    }

    let (_test, db, _) = database(
        "CREATE TABLE seats (number int4 PRIMARY KEY, serial int4 GENERATED ALWAYS AS IDENTITY, guest int4 DEFAULT 1,
            CONSTRAINT one_guest UNIQUE (guest));
         INSERT INTO seats (number) VALUES (1);",
    )
    .await;
    let upsert = |new| {
        Seat::insert(new)
            .on_conflict(UniqueKey::constraint("one_guest"))
            .update()
    };
    let first = Seat {
        number: 1,
        serial: 1,
    };
    assert_eq!(upsert(NewSeat { number: 2 }).one(&db).await.unwrap(), first);
    // What the database generates is not taken from the new row either.
    let again = Seat::insert(NewSeat { number: 1 })
        .set_generated(Seat::SERIAL, 70)
        .on_conflict(Seat::PRIMARY_KEY)
        .update();
    assert_eq!(again.one(&db).await.unwrap(), first);
}
