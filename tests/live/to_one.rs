//! `belongs_to` and `has_one`, the same by every strategy.

use std::sync::Arc;

use unlazy::{Entity, Error, Unloaded, sql};

use crate::fixture::*;

/// Foreign keys that the database does not enforce.
const LOOSE: &str = "
    CREATE TABLE parents (id int8 PRIMARY KEY, required_id int8 NOT NULL, nullable_id int8);
    INSERT INTO parents VALUES (1, 10, 10), (2, 10, NULL), (3, 20, 99);
    CREATE TABLE targets (id int8 PRIMARY KEY, parent_id int8 NOT NULL);
    INSERT INTO targets VALUES (10, 1), (20, 3);
    CREATE TABLE details (target_id int8 PRIMARY KEY, note text);
    INSERT INTO details VALUES (10, 'ten');
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "parents")]
struct Parent<Required = Unloaded, Nullable = Unloaded, One = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    required_id: i64,
    nullable_id: Option<i64>,
    #[entity(belongs_to(Target, foreign_key = required_id))]
    required: Required,
    #[entity(belongs_to(Target, foreign_key = nullable_id))]
    nullable: Nullable,
    #[entity(has_one(Target, foreign_key = parent_id))]
    one: One,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "targets")]
struct Target<Note = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: i64,
    #[entity(has_one(Detail, foreign_key = target_id))]
    detail: Note,
}

/// Its `has_one` needs no counting: the foreign key is the primary key.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "details")]
struct Detail {
    #[entity(primary_key)]
    target_id: i64,
    note: Option<String>,
}

fn parent<R, N, O>(id: i64, required: R, nullable: N, one: O) -> Parent<R, N, O> {
    let (required_id, nullable_id) = match id {
        1 => (10, Some(10)),
        2 => (10, None),
        _ => (20, Some(99)),
    };
    Parent {
        id,
        required_id,
        nullable_id,
        required,
        nullable,
        one,
    }
}

fn target<D>(id: i64, detail: D) -> Target<D> {
    Target {
        id,
        parent_id: if id == 10 { 1 } else { 3 },
        detail,
    }
}

#[tokio::test]
async fn a_shared_target_is_one_value_for_all_its_parents() {
    let (_test, db, log) = shop().await;
    for (owner, added) in strategies!(Order::USER) {
        let orders = Order::query().with(owner).all(&db).await.unwrap();
        let expected = [(1, 7), (2, 9), (3, 7), (4, 9), (5, 7)]
            .map(|(id, user)| order(id, one(plain_user(user)), Unloaded, Unloaded));
        assert_eq!(orders, expected);
        for other in [2, 4] {
            assert!(Arc::ptr_eq(&orders[0].user, &orders[other].user));
        }
        assert!(Arc::ptr_eq(&orders[1].user, &orders[3].user));

        assert_eq!(take_rows(&log), [5, 2][..=added]);
    }
}

#[tokio::test]
async fn shared_targets_stay_shared_below_joins_and_collections() {
    let (_test, db, log) = shop().await;
    for (owner, added) in strategies!(Address::USER) {
        let query = Order::query().with(Order::ADDRESS.with(owner));
        let orders = query.clone().all(&db).await.unwrap();
        let address_of = |position: usize| orders[position].address.as_ref().unwrap();
        assert!(Arc::ptr_eq(address_of(0), address_of(2)));
        assert!(Arc::ptr_eq(address_of(1), address_of(3)));
        assert_eq!(*address_of(1).user, Arc::new(plain_user(8)));
        assert_statements(&log, 1 + added);
    }
    for (owner, added) in strategies!(Address::USER) {
        let query = User::query().with(User::ADDRESSES.with(owner));
        let users = query.clone().all(&db).await.unwrap();
        let [first, .., last] = users[1].addresses.as_slice() else {
            panic!("{users:?}");
        };
        assert!(Arc::ptr_eq(&first.user, &last.user));
        assert_statements(&log, 2 + added);
    }
}

#[tokio::test]
async fn each_key_is_sent_once_and_null_is_not() {
    let (test, db, log) = database(
        "CREATE TABLE parents (id int8 PRIMARY KEY, required_id int8 NOT NULL, nullable_id int8);
         INSERT INTO parents SELECT n, n % 100, nullif(n % 101, 100) FROM generate_series(1, 500) AS n;
         CREATE TABLE targets (id int8 PRIMARY KEY, parent_id int8 NOT NULL);
         INSERT INTO targets SELECT n, 0 FROM generate_series(0, 99) AS n;",
    )
    .await;
    let query = Parent::query()
        .with(Parent::REQUIRED.selectin())
        .with(Parent::NULLABLE.selectin());
    let parents = query.clone().all(&db).await.unwrap();
    assert!(parents.iter().all(|p| p.required.id == p.required_id));
    assert!(
        parents
            .iter()
            .all(|p| p.nullable.as_ref().map(|target| target.id) == p.nullable_id)
    );
    let mut rows = take_rows(&log);
    rows.sort_unstable();
    assert_eq!(rows, [100, 100, 500]);

    let (client, values) = Values::on(&test).await;
    query.all(&client).await.unwrap();
    let mut sent = values.take();
    sent.sort_unstable();
    // The parents have all from 0 to 99, and 0 last.
    let keys: Vec<String> = (1..100).chain([0]).map(|key| key.to_string()).collect();
    let keys = format!("$1 = '{{{}}}'", keys.join(","));
    assert_eq!(sent, [keys.clone(), keys]);
}

#[tokio::test]
async fn without_any_key_nothing_is_sent() {
    let (_test, db, log) = shop().await;
    for (address, _) in strategies!(Order::ADDRESS) {
        let orders = Order::find(5).with(address).all(&db).await.unwrap();
        assert_eq!(orders, [order(5, Unloaded, maybe(None), Unloaded)]);
        assert_statements(&log, 1);
    }
}

#[tokio::test]
async fn a_nullable_key_leads_to_none_if_it_is_null_or_its_row_is_missing() {
    let (_test, db, log) = database(LOOSE).await;
    for (nullable, added) in strategies!(Parent::NULLABLE) {
        let parents = Parent::query().with(nullable).all(&db).await.unwrap();
        assert_eq!(
            parents,
            [
                parent(1, Unloaded, maybe(Some(target(10, Unloaded))), Unloaded),
                parent(2, Unloaded, maybe(None), Unloaded),
                parent(3, Unloaded, maybe(None), Unloaded),
            ]
        );
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn a_required_key_without_its_row_is_an_error_that_names_both() {
    let (_test, db, _) = database(LOOSE).await;
    Target::delete()
        .filter(Target::ID.eq(20))
        .execute(&db)
        .await
        .unwrap();
    for (required, _) in strategies!(Parent::REQUIRED) {
        let error = Parent::query().with(required).all(&db).await.unwrap_err();
        let Error::MissingTarget { relation, key } = &error else {
            panic!("{error:?}");
        };
        assert_eq!((relation.as_str(), key.as_str()), ("Parent.required", "20"));
        assert!(
            Parent::find(1)
                .with(Parent::REQUIRED)
                .one(&db)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn a_row_hidden_by_row_level_security_is_missing() {
    let (_test, db, _) = database(&format!(
        "{LOOSE}
        ALTER TABLE targets ENABLE ROW LEVEL SECURITY;
        CREATE POLICY visible ON targets USING (id <> 10);"
    ))
    .await;
    for ((nullable, _), (required, _)) in strategies!(Parent::NULLABLE)
        .into_iter()
        .zip(strategies!(Parent::REQUIRED))
    {
        let outcome: unlazy::Result<()> = db
            .transaction(async |tx| {
                unlazy::execute(sql!("SET LOCAL ROLE pg_read_all_data"), tx).await?;
                let first = Parent::find(1).with(nullable).one(tx).await?;
                assert_eq!(first, parent(1, Unloaded, maybe(None), Unloaded));
                let parents = Parent::query().with(required).all(tx).await;
                assert!(matches!(parents, Err(Error::MissingTarget { key, .. }) if key == "10"));
                Ok(())
            })
            .await;
        outcome.unwrap();
    }
}

#[tokio::test]
async fn has_one_is_a_row_or_none() {
    let (_test, db, log) = database(LOOSE).await;
    // Nothing declares that there is only one row, so it is not joined unless that is asked for.
    let added = [1, 0, 1];
    for ((one, _), added) in strategies!(Parent::ONE).into_iter().zip(added) {
        let parents = Parent::query().with(one).all(&db).await.unwrap();
        let with_one = |id, found: Option<i64>| {
            let found = found.map(|id| target(id, Unloaded));
            parent(id, Unloaded, Unloaded, found.into())
        };
        let expected: [Parent<_, _, unlazy::Loaded<_>>; 3] = [
            with_one(1, Some(10)),
            with_one(2, None),
            with_one(3, Some(20)),
        ];
        assert_eq!(parents, expected);
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn has_one_with_two_rows_is_an_error() {
    let (_test, db, _) = database(LOOSE).await;
    unlazy::execute(sql!("INSERT INTO targets VALUES (21, 3)"), &db)
        .await
        .unwrap();
    let is_too_many = |error: Error| matches!(error, Error::TooMany { of } if of == "Parent.one");
    for (one, _) in strategies!(Parent::ONE) {
        let query = Parent::query().with(one);
        assert!(is_too_many(query.clone().all(&db).await.unwrap_err()));
        // The limit is reached by the rows that a plain join would have, and still there are two.
        let last = query.clone().order_by(Parent::ID.desc());
        assert!(is_too_many(
            last.clone().limit(1).all(&db).await.unwrap_err()
        ));
        assert!(is_too_many(last.first(&db).await.unwrap_err()));
        // A page without that parent is whole.
        let page = query.limit(2).all(&db).await.unwrap();
        assert_eq!(page.iter().map(|p| p.id).collect::<Vec<_>>(), [1, 2]);
    }
}

#[tokio::test]
async fn has_one_below_a_shared_target() {
    let (_test, db, log) = database(LOOSE).await;
    for (detail, added) in strategies!(Target::DETAIL) {
        for (required, more) in strategies!(Parent::REQUIRED.with(detail.clone())) {
            let parents = Parent::query().with(required).all(&db).await.unwrap();
            let ten = Detail {
                target_id: 10,
                note: Some("ten".to_owned()),
            };
            let with_detail = |id, target_id, detail: Option<&Detail>| {
                let detail = unlazy::Loaded::new(detail.cloned());
                parent(id, one(target(target_id, detail)), Unloaded, Unloaded)
            };
            assert_eq!(
                parents,
                [
                    with_detail(1, 10, Some(&ten)),
                    with_detail(2, 10, Some(&ten)),
                    with_detail(3, 20, None),
                ]
            );
            assert_statements(&log, 1 + added + more);
        }
    }
}

#[tokio::test]
async fn a_required_relation_below_a_nullable_one_loses_no_parent() {
    let (_test, db, log) = shop().await;
    for (owner, added) in strategies!(Address::USER) {
        for (to, more) in strategies!(Order::ADDRESS.with(owner.clone())) {
            let orders = Order::query().with(to).all(&db).await.unwrap();
            let to = |address_id, user_id| Some(address(address_id, one(plain_user(user_id))));
            let expected = [
                (1, to(1, 7)),
                (2, to(4, 8)),
                (3, to(1, 7)),
                (4, to(4, 8)),
                (5, None),
            ]
            .map(|(id, to)| order(id, Unloaded, maybe(to), Unloaded));
            assert_eq!(orders, expected);
            assert_statements(&log, 1 + added + more);
        }
    }
}

#[tokio::test]
async fn keys_are_readable_whether_or_not_the_relation_is_loaded() {
    let (_test, db, _) = shop().await;
    let bare = Order::find(2).one(&db).await.unwrap();
    let loaded = Order::find(2).with(Order::ADDRESS).one(&db).await.unwrap();
    assert_eq!((bare.user_id, bare.address_id), (9, Some(4)));
    assert_eq!((loaded.user_id, loaded.address_id), (9, Some(4)));
}

#[tokio::test]
async fn a_has_one_whose_declared_uniqueness_is_not_kept_is_an_error_too() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "users")]
    struct Person<Home = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        #[entity(has_one(Home, foreign_key = user_id))]
        home: Home,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "addresses")]
    struct Home {
        #[entity(primary_key)]
        id: i64,
        #[entity(unique)]
        user_id: i64,
    }

    let (_test, db, _) = shop().await;
    for (home, _) in strategies!(Person::HOME) {
        let error = Person::query()
            .with(home.clone())
            .limit(2)
            .all(&db)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::TooMany { of } if of == "Person.home"),
            "{error:?}"
        );
        let seven = Person::find(7).with(home).one(&db).await.unwrap();
        assert_eq!(seven.home.as_ref().map(|home| home.id), Some(1));
    }
}

#[tokio::test]
async fn every_source_of_parents_can_be_loaded_from() {
    let (_test, db, log) = shop().await;
    let expected = order(2, Unloaded, maybe(Some(plain_address(4))), Unloaded);
    for (to, added) in strategies!(Order::ADDRESS) {
        let written = sql!("SELECT * FROM orders WHERE id = $1", 2_i64);
        for query in [
            Order::find(2),
            Order::find_many([2, 2, 99]),
            Order::query().filter(Order::ID.eq(2)),
            Order::from_sql(written),
        ] {
            let query = query.with(to.clone());
            let all = query.clone().all(&db).await.unwrap();
            assert_eq!(all, std::slice::from_ref(&expected));
            assert_eq!(query.clone().one(&db).await.unwrap(), expected);
            assert_eq!(query.first(&db).await.unwrap(), Some(expected.clone()));
            assert_statements(&log, 3 * (1 + added));
        }
    }
}

#[tokio::test]
async fn without_parents_no_targets_are_asked_for() {
    let (_test, db, log) = shop().await;
    for (owner, _) in strategies!(Address::USER) {
        for (to, _) in strategies!(Order::ADDRESS.with(owner.clone())) {
            let nothing = Order::query().filter(Order::ID.lt(0)).with(to);
            assert_eq!(nothing.clone().all(&db).await.unwrap(), []);
            assert_eq!(nothing.one_or_none(&db).await.unwrap(), None);
            assert_statements(&log, 2);
        }
    }
}
