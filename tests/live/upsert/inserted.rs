//! Whether a row was inserted or updated, in tables of every kind.

use orm_test::TestDb;
use unlazy::{Db, Entity, Error, Upserted, sql};

use super::{Member, members, new};
use crate::fixture::{assert_statements, connect, database};

#[tokio::test]
async fn many_rows_say_which_are_new() {
    let (_test, db, log) = members().await;
    let rows = ["x@x.org", "ann@a.org", "y@y.org", "ben@b.org"].map(|email| new(email, email));
    let upsert = Member::insert_many(rows)
        .on_conflict(Member::UNIQUE_EMAIL)
        .update();
    let written = upsert
        .clone()
        .filter(!Member::LOCKED)
        .all_upserted(&db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let inserted: Vec<_> = written.iter().map(Upserted::is_inserted).collect();
    // Ben is locked.
    assert_eq!(inserted, [true, false, true]);
    let again = upsert.all_upserted(&db).await.unwrap();
    assert!(again.iter().all(|row| matches!(row, Upserted::Updated(_))));
}

#[tokio::test]
async fn one_row_says_whether_it_is_new() {
    let (_test, db, log) = members().await;
    let upsert = || {
        Member::insert(new("x@x.org", "x"))
            .on_conflict(Member::UNIQUE_EMAIL)
            .update()
    };
    let first = upsert().one_upserted(&db).await.unwrap();
    let Upserted::Inserted(member) = first else {
        panic!("{first:?}")
    };
    let second = upsert().one_upserted(&db).await.unwrap();
    assert_eq!(second, Upserted::Updated(member.clone()));
    let unlocked = upsert().filter(!Member::LOCKED).one_or_none_upserted(&db);
    assert_eq!(unlocked.await.unwrap(), Some(Upserted::Updated(member)));
    let locked = upsert().filter(Member::LOCKED).one_or_none_upserted(&db);
    assert_eq!(locked.await.unwrap(), None);
    assert_statements(&log, 4);
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "items")]
struct Item {
    #[entity(primary_key)]
    region: i32,
    #[entity(primary_key)]
    id: i32,
    n: i32,
}

async fn items(schema: &str) -> (TestDb, Db) {
    let (test, db, _) = database(schema).await;
    (test, db)
}

fn upsert(id: i32) -> unlazy::Upsert<unlazy::Insert<Item>> {
    let item = NewItem {
        region: 1,
        id,
        n: id,
    };
    Item::insert(item).on_conflict(Item::PRIMARY_KEY).update()
}

/// Whether the row is new: the first time and the second.
async fn twice(db: &Db, id: i32) -> [bool; 2] {
    let first = upsert(id).one_upserted(db).await.unwrap();
    let second = upsert(id).one_upserted(db).await.unwrap();
    [first.is_inserted(), second.is_inserted()]
}

const ITEMS: &str =
    "CREATE TABLE items (region int4, id int4, n int4 NOT NULL, PRIMARY KEY (region, id));";

#[tokio::test]
async fn in_a_table_with_triggers() {
    let (_test, db) = items(&format!(
        "{ITEMS}
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n + 1; RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER audit AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION nothing();"
    ))
    .await;
    assert_eq!(twice(&db, 1).await, [true, false]);
    // A trigger may refuse the row.
    unlazy::execute(
        sql!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION nothing()"
        ),
        &db,
    )
    .await
    .unwrap();
    let refused = upsert(1).one(&db).await;
    assert!(
        matches!(&refused, Err(Error::NotWritten { entity: "Item" })),
        "{refused:?}"
    );
    assert_eq!(upsert(1).one_or_none(&db).await.unwrap(), None);
}

#[tokio::test]
async fn of_a_row_that_is_locked() {
    let (test, db) = items(ITEMS).await;
    let other = connect(&test.url());
    upsert(1).execute(&db).await.unwrap();
    // By the same transaction.
    db.transaction(async |tx| {
        Item::find((1, 1)).for_update().one(tx).await?;
        assert!(!upsert(1).one_upserted(tx).await?.is_inserted());
        assert!(!upsert(1).one_upserted(tx).await?.is_inserted());
        assert!(upsert(2).one_upserted(tx).await?.is_inserted());
        assert!(!upsert(2).one_upserted(tx).await?.is_inserted());
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    // By another, in a way that lets its other columns be changed.
    other
        .transaction(async |tx| {
            Item::find((1, 1)).for_key_share().one(tx).await?;
            assert!(!upsert(1).one_upserted(&db).await?.is_inserted());
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert!(!upsert(1).one_upserted(&db).await.unwrap().is_inserted());
}

#[tokio::test]
async fn in_a_table_that_others_inherit() {
    let (_test, db) = items(&format!(
        "{ITEMS} CREATE TABLE special () INHERITS (items);"
    ))
    .await;
    assert_eq!(twice(&db, 1).await, [true, false]);
}

#[tokio::test]
async fn a_partitioned_table_does_not_say_it_and_nothing_is_written() {
    let (_test, db) = items(
        "CREATE TABLE items (region int4, id int4, n int4 NOT NULL, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
         CREATE TABLE items_1 PARTITION OF items FOR VALUES IN (1);",
    )
    .await;
    let untold = upsert(1).one_upserted(&db).await;
    assert!(
        matches!(
            &untold,
            Err(Error::CannotTellInserted { entity: "Item", .. })
        ),
        "{untold:?}"
    );
    assert_eq!(Item::query().count(&db).await.unwrap(), 0);
    // Everything else works there too.
    assert_eq!(upsert(1).one(&db).await.unwrap().n, 1);
    assert_eq!(upsert(1).one(&db).await.unwrap().n, 1);
}
