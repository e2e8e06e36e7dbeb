//! The SQL of what `Query::to_sql` does not show, as the server gets it.

use expect_test::{Expect, expect};
use unlazy::{Entity, Predicate};

use crate::{Fixture, Mood};

#[derive(Entity, Debug, Clone, PartialEq)]
struct Song {
    #[entity(primary_key, generated)]
    id: i64,
    title: String,
    mood: Option<Mood>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
struct Album {
    #[entity(primary_key, generated)]
    id: i64,
    moods: Vec<Mood>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
struct Ticket {
    #[entity(primary_key, generated)]
    id: i64,
}

async fn fixture() -> Fixture {
    Fixture::with(
        "CREATE TABLE song (id bigserial PRIMARY KEY, title text NOT NULL, mood mood);
         CREATE TABLE album (id bigserial PRIMARY KEY, moods mood[] NOT NULL);
         CREATE TABLE ticket (id bigserial PRIMARY KEY)",
    )
    .await
}

fn song(title: &str) -> NewSong {
    NewSong {
        title: title.to_owned(),
        mood: Some(Mood::Sad),
    }
}

#[track_caller]
fn sent(fixture: &Fixture, expected: Expect) {
    expected.assert_eq(&fixture.statements());
}

fn sad() -> Predicate<Song> {
    Song::MOOD.eq(Mood::Sad)
}

#[tokio::test]
async fn count_and_exists() {
    let fixture = fixture().await;
    let db = &fixture.db;
    let songs = || Song::query().order_by(Song::TITLE);
    Song::insert_many(["a", "b", "c"].map(song))
        .execute(db)
        .await
        .unwrap();
    fixture.statements();

    assert_eq!(songs().count(db).await.unwrap(), 3);
    sent(&fixture, expect![[r#"SELECT count(*) FROM "song" AS t0"#]]);
    assert_eq!(songs().filter(sad()).count(db).await.unwrap(), 3);
    sent(
        &fixture,
        expect![[r#"SELECT count(*) FROM "song" AS t0 WHERE t0."mood" = $1::text::mood"#]],
    );
    assert_eq!(
        songs()
            .filter(sad())
            .limit(2)
            .offset(2)
            .count(db)
            .await
            .unwrap(),
        1
    );
    sent(
        &fixture,
        expect![[
            r#"SELECT count(*) FROM (SELECT FROM "song" AS t0 WHERE t0."mood" = $1::text::mood LIMIT $2 OFFSET $3) AS q"#
        ]],
    );
    assert!(songs().filter(sad()).exists(db).await.unwrap());
    sent(
        &fixture,
        expect![[r#"SELECT EXISTS (SELECT FROM "song" AS t0 WHERE t0."mood" = $1::text::mood)"#]],
    );
    assert!(!songs().offset(3).exists(db).await.unwrap());
    sent(
        &fixture,
        expect![[r#"SELECT EXISTS (SELECT FROM "song" AS t0 OFFSET $1)"#]],
    );
    assert!(songs().filter(sad()).first(db).await.unwrap().is_some());
    sent(
        &fixture,
        expect![[
            r#"SELECT t0."id", t0."title", t0."mood"::text FROM "song" AS t0 WHERE t0."mood" = $1::text::mood ORDER BY t0."title", t0."id" LIMIT $2"#
        ]],
    );
}

#[tokio::test]
async fn inserts() {
    let fixture = fixture().await;
    let db = &fixture.db;
    let moods = |moods: &[Mood]| NewAlbum {
        moods: moods.to_vec(),
    };

    Song::insert(song("a")).one(db).await.unwrap();
    Song::insert(song("b")).execute(db).await.unwrap();
    sent(
        &fixture,
        expect![[r#"
            INSERT INTO "song" AS t0 ("title", "mood") VALUES ($1, $2::text::mood) RETURNING "id", "title", "mood"::text
            INSERT INTO "song" AS t0 ("title", "mood") VALUES ($1, $2::text::mood)"#]],
    );
    assert_eq!(
        Song::insert_many(["c", "d"].map(song))
            .all(db)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        Song::insert_many(["e", "f", "g"].map(song))
            .execute(db)
            .await
            .unwrap(),
        3
    );
    sent(
        &fixture,
        expect![[r#"
            INSERT INTO "song" AS t0 ("title", "mood") SELECT * FROM unnest($1::text[], $2::text[]::mood[]) RETURNING "id", "title", "mood"::text
            INSERT INTO "song" AS t0 ("title", "mood") SELECT * FROM unnest($1::text[], $2::text[]::mood[])"#]],
    );
    let albums = Album::insert_many([moods(&[]), moods(&[Mood::Sad])]);
    assert_eq!(albums.all(db).await.unwrap()[1].moods, [Mood::Sad]);
    sent(
        &fixture,
        expect![[
            r#"INSERT INTO "album" AS t0 ("moods") SELECT CASE k.c0 WHEN 0 THEN '{}' ELSE a0.a END FROM unnest($2::int4[]) WITH ORDINALITY AS k(c0, n) LEFT JOIN (SELECT r, array_agg(v ORDER BY n) AS a FROM unnest($1::text[]::mood[], $3::int8[]) WITH ORDINALITY AS e(v, r, n) GROUP BY r) AS a0 ON a0.r = k.n ORDER BY k.n RETURNING "id", "moods"::text[]"#
        ]],
    );
    let tickets = Ticket::insert_many([NewTicket {}, NewTicket {}])
        .all(db)
        .await;
    assert_eq!(tickets.unwrap(), [Ticket { id: 1 }, Ticket { id: 2 }]);
    sent(
        &fixture,
        expect![[
            r#"INSERT INTO "ticket" AS t0 SELECT FROM generate_series(1, $1::int8) RETURNING "id""#
        ]],
    );
    assert_eq!(
        Song::insert_many::<NewSong>([]).execute(db).await.unwrap(),
        0
    );
    sent(&fixture, expect![[""]]);
}

#[tokio::test]
async fn updates_and_deletes() {
    let fixture = fixture().await;
    let db = &fixture.db;
    let first = Song::insert(song("a")).one(db).await.unwrap();
    fixture.statements();

    let update = Song::update()
        .of(&first)
        .set(Song::TITLE, "b")
        .set(Song::MOOD, Mood::VeryHappy);
    assert_eq!(update.one(db).await.unwrap().mood, Some(Mood::VeryHappy));
    sent(
        &fixture,
        expect![[
            r#"UPDATE "song" AS t0 SET "title" = $1, "mood" = $2::text::mood WHERE t0."id" = $3 RETURNING "id", "title", "mood"::text"#
        ]],
    );
    let update = Song::update().filter(sad()).set(Song::MOOD, None);
    assert_eq!(update.execute(db).await.unwrap(), 0);
    sent(
        &fixture,
        expect![[
            r#"UPDATE "song" AS t0 SET "mood" = $1::text::mood WHERE t0."mood" = $2::text::mood"#
        ]],
    );
    assert_eq!(Song::delete().of(&first).execute(db).await.unwrap(), 1);
    sent(
        &fixture,
        expect![[r#"DELETE FROM "song" AS t0 WHERE t0."id" = $1"#]],
    );
    assert_eq!(Song::delete().filter(sad()).execute(db).await.unwrap(), 0);
    sent(
        &fixture,
        expect![[r#"DELETE FROM "song" AS t0 WHERE t0."mood" = $1::text::mood"#]],
    );
    assert_eq!(Song::delete().all_rows().execute(db).await.unwrap(), 0);
    sent(&fixture, expect![[r#"DELETE FROM "song" AS t0"#]]);
}
