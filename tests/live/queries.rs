//! Queries without loads: conditions, counts, one row and many.

use unlazy::{Db, Entity, Error, Filter, Query, Unloaded, sql};

use crate::fixture::*;

async fn user_ids(db: &Db, condition: impl Filter<User>) -> Vec<i64> {
    let users = User::query().filter(condition).all(db).await.unwrap();
    users.iter().map(|user| user.id).collect()
}

async fn order_ids(db: &Db, condition: impl Filter<Order>) -> Vec<i64> {
    let orders = Order::query().filter(condition).all(db).await.unwrap();
    orders.iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn one_first_and_all_differ_in_what_they_accept() {
    let (_test, db, log) = shop().await;
    let nobody = User::find(99);
    let ann = User::find(7);
    let everybody = User::query();

    assert_eq!(ann.clone().one(&db).await.unwrap(), plain_user(7));
    assert_eq!(
        ann.clone().one_or_none(&db).await.unwrap(),
        Some(plain_user(7))
    );
    assert_eq!(nobody.clone().one_or_none(&db).await.unwrap(), None);
    assert_eq!(nobody.clone().first(&db).await.unwrap(), None);
    assert_eq!(
        everybody.clone().first(&db).await.unwrap(),
        Some(plain_user(7))
    );
    assert!(matches!(
        nobody.clone().one(&db).await,
        Err(Error::NotFound { entity: "User" })
    ));
    for outcome in [
        everybody.clone().one(&db).await.map(Some),
        everybody.clone().one_or_none(&db).await,
    ] {
        assert!(matches!(outcome, Err(Error::TooMany { of }) if of == "User"));
    }
    // However large the table, no more is fetched than tells one from many.
    assert_eq!(
        log.take().iter().map(|statement| statement.rows).max(),
        Some(2)
    );

    let second = everybody.order_by(User::ID).offset(1);
    assert_eq!(
        second.clone().first(&db).await.unwrap(),
        Some(plain_user(8))
    );
    assert_eq!(second.limit(1).one(&db).await.unwrap(), plain_user(8));
}

#[tokio::test]
async fn counts_and_existence_respect_filters_limits_and_offsets() {
    let (_test, db, log) = shop().await;
    let cases: [(Query<User>, u64); 6] = [
        (User::query(), 4),
        (User::query().filter(User::ID.gt(7)), 3),
        (User::query().limit(2), 2),
        (User::query().offset(3), 1),
        (User::query().limit(0), 0),
        (
            User::from_sql(sql!("SELECT * FROM users UNION ALL SELECT * FROM users")),
            8,
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(
            query.clone().count(&db).await.unwrap(),
            expected,
            "{query:?}"
        );
        assert_eq!(
            query.clone().exists(&db).await.unwrap(),
            expected > 0,
            "{query:?}"
        );
        let loaded = query.clone().with(User::ORDERS.with(Order::USER));
        assert_eq!(loaded.count(&db).await.unwrap(), expected);
        assert_statements(&log, 3);
    }
}

#[tokio::test]
async fn comparisons() {
    let (_test, db, _) = shop().await;
    assert_eq!(user_ids(&db, User::ID.eq(8)).await, [8]);
    assert_eq!(user_ids(&db, User::ID.ne(8)).await, [7, 9, 10]);
    assert_eq!(user_ids(&db, User::ID.lt(9).and(User::ID.ge(8))).await, [8]);
    assert_eq!(
        user_ids(&db, User::ID.le(7) | User::ID.gt(9)).await,
        [7, 10]
    );
    assert_eq!(user_ids(&db, !User::ID.between(8..=9)).await, [7, 10]);
    assert_eq!(user_ids(&db, User::ID.between(8..)).await, [8, 9, 10]);
    assert_eq!(user_ids(&db, User::ID.is_in([10, 7, 99])).await, [7, 10]);
    assert_eq!(
        user_ids(&db, User::ID.is_in(Vec::<i64>::new())).await,
        [0; 0]
    );
    assert_eq!(user_ids(&db, User::ID.is_not_in([10, 7])).await, [8, 9]);
    let either_of_two_ands =
        (User::ID.gt(7) & User::ID.lt(9)) | (User::ID.gt(9) & User::NAME.eq("dan"));
    assert_eq!(user_ids(&db, either_of_two_ands).await, [8, 10]);
}

#[tokio::test]
async fn null_is_no_value_unless_it_is_asked_for() {
    let (_test, db, _) = shop().await;
    assert_eq!(order_ids(&db, Order::PRIORITY.is_null()).await, [2, 3]);
    assert_eq!(
        order_ids(&db, Order::PRIORITY.is_not_null()).await,
        [1, 4, 5]
    );
    assert_eq!(order_ids(&db, Order::PRIORITY.ne(2)).await, [4]);
    assert_eq!(
        order_ids(&db, Order::PRIORITY.is_distinct_from(Some(2))).await,
        [2, 3, 4]
    );
    assert_eq!(
        order_ids(&db, Order::PRIORITY.is_not_distinct_from(None)).await,
        [2, 3]
    );
    assert_eq!(order_ids(&db, Order::PRIORITY.is_not_in([2])).await, [4]);
}

#[tokio::test]
async fn patterns_match_text_and_not_its_wildcards() {
    let (_test, db, _) = shop().await;
    let odd = ["100%", "100 per cent", "a_b", "axb", r"back\slash", "Ünï"];
    let new = odd.map(|name| NewUser {
        name: name.to_owned(),
    });
    User::insert_many(new).execute(&db).await.unwrap();
    let names = async |condition: unlazy::Predicate<User>| -> Vec<String> {
        let users = User::query().filter(condition).all(&db).await.unwrap();
        users.into_iter().map(|user| user.name).collect()
    };
    assert_eq!(names(User::NAME.contains("0%")).await, ["100%"]);
    assert_eq!(names(User::NAME.starts_with("a_")).await, ["a_b"]);
    assert_eq!(
        names(User::NAME.ends_with(r"\slash")).await,
        [r"back\slash"]
    );
    assert_eq!(names(User::NAME.like("a_b")).await, ["a_b", "axb"]);
    assert_eq!(names(User::NAME.ilike("ANN")).await, ["ann"]);
    assert_eq!(names(User::NAME.contains("nï")).await, ["Ünï"]);
}

#[tokio::test]
async fn values_never_become_sql() {
    let (_test, db, _) = shop().await;
    let name = "'; DROP TABLE users; -- $1";
    let new = NewUser {
        name: name.to_owned(),
    };
    let stored = User::insert(new).one(&db).await.unwrap();
    assert_eq!(user_ids(&db, User::NAME.eq(name)).await, [stored.id]);
    assert_eq!(
        user_ids(&db, sql!("$1 = $2", User::NAME, name)).await,
        [stored.id]
    );
    assert_eq!(User::query().count(&db).await.unwrap(), 5);
}

#[tokio::test]
async fn conditions_through_relations() {
    let (_test, db, log) = shop().await;
    assert_eq!(user_ids(&db, User::ORDERS.exists()).await, [7, 9]);
    assert_eq!(user_ids(&db, !User::ORDERS.exists()).await, [8, 10]);
    assert_eq!(
        user_ids(&db, User::ORDERS.any(Order::PRIORITY.eq(1))).await,
        [9]
    );
    assert_eq!(
        user_ids(&db, User::ORDERS.none(Order::PRIORITY.eq(1))).await,
        [7, 8, 10]
    );
    let to_ben = Order::ADDRESS.has(Address::USER.has(User::NAME.eq("ben")));
    assert_eq!(order_ids(&db, to_ben.clone()).await, [2, 4]);
    assert_eq!(order_ids(&db, to_ben.not()).await, [1, 3, 5]);
    assert_eq!(order_ids(&db, Order::ADDRESS.exists().not()).await, [5]);
    let both = User::ORDERS.exists() & User::ADDRESSES.any(Address::EMAIL.starts_with("ann"));
    assert_eq!(user_ids(&db, both).await, [7]);
    let either_of_its_own = Order::PRIORITY.eq(1) | Order::ADDRESS.exists().not();
    assert_eq!(
        user_ids(&db, User::ORDERS.any(either_of_its_own)).await,
        [7, 9]
    );
    assert_statements(&log, 9);
}

#[tokio::test]
async fn a_query_is_a_value_that_runs_any_number_of_times() {
    let (_test, db, log) = shop().await;
    let query = User::query().filter(User::ID.gt(8));
    let narrowed = query.clone().filter(User::NAME.eq("dan"));
    for _ in 0..2 {
        assert_eq!(
            query.clone().all(&db).await.unwrap(),
            [9, 10].map(plain_user)
        );
        assert_eq!(narrowed.clone().all(&db).await.unwrap(), [plain_user(10)]);
    }
    assert_statements(&log, 4);
}

#[tokio::test]
async fn the_statements_that_are_shown_are_those_that_are_sent() {
    let (_test, db, log) = shop().await;
    let query = User::query()
        .filter(User::ORDERS.exists())
        .with(User::ORDERS.with(Order::ADDRESS).with(Order::ITEMS))
        .limit(10);
    let ways = [
        query.clone().by_levels(),
        query.clone().pipelined(),
        query.clone().by_levels().snapshot(),
        query.filter(sql!("random() < 2")).pipelined(),
    ];
    for query in ways {
        query.clone().all(&db).await.unwrap();
        let sent: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
        assert_eq!(query.to_sql(), sent);
    }
}

#[tokio::test]
async fn queries_run_side_by_side_in_one_expression() {
    let (_test, db, _) = shop().await;
    let (users, orders) = tokio::try_join!(
        User::query().with(User::ORDERS).all(&db),
        Order::query().count(&db),
    )
    .unwrap();
    assert_eq!((users.len(), orders), (4, 5));
}

#[tokio::test]
async fn sql_of_ones_own_keeps_its_order_behind_conditions() {
    let (_test, db, _) = shop().await;
    // So many rows that the server joins instead of looking each up.
    db.batch_execute(
        "INSERT INTO users SELECT id, 'user' || id FROM generate_series(100, 2000) AS id;
         INSERT INTO orders (id, user_id) SELECT id, 100 + id % 1900 FROM generate_series(1000, 20000) AS id;
         ANALYZE",
    )
    .await
    .unwrap();
    let backwards = User::from_sql(sql!("SELECT * FROM users WHERE id >= 100 ORDER BY id DESC"));
    let found = backwards
        .filter(User::ORDERS.exists())
        .all(&db)
        .await
        .unwrap();
    let ids: Vec<i64> = found.iter().map(|user| user.id).collect();
    let expected: Vec<i64> = (100..2000).rev().collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn sql_of_ones_own_may_name_columns_and_end_in_a_comment() {
    let (_test, db, _) = shop().await;
    let named = User::from_sql(sql!(
        "SELECT * FROM users WHERE $1 = $2 -- by name",
        User::NAME,
        "ben"
    ));
    let found = named
        .filter(sql!("$1 > $2 -- by id", User::ID, 0))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(found, [plain_user(8)]);
}

/// A view that repeats what the entity takes for its primary key.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "readings")]
struct Reading<Notes = Unloaded> {
    #[entity(primary_key)]
    sensor: i64,
    value: i64,
    #[entity(has_many(Note, foreign_key = sensor))]
    notes: Notes,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "notes")]
struct Note {
    #[entity(primary_key)]
    id: i64,
    sensor: i64,
}

#[tokio::test]
async fn a_key_that_is_not_unique_is_found_out() {
    let (_test, db, log) = database(
        "CREATE VIEW readings AS SELECT * FROM (VALUES (1::int8, 3::int8), (1, 5), (1, 4), (2, 6)) AS t(sensor, value);
        CREATE TABLE notes (id int8 PRIMARY KEY, sensor int8 NOT NULL);
        INSERT INTO notes VALUES (1, 1), (2, 2)",
    )
    .await;
    let first = Reading::find(1);
    for outcome in [
        first.clone().one(&db).await.map(Some),
        first.clone().one_or_none(&db).await,
    ] {
        assert!(matches!(outcome, Err(Error::TooMany { of }) if of == "Reading"));
    }
    assert_eq!(Reading::find(2).one(&db).await.unwrap().value, 6);
    // What asks for one of them gets one, and the one that it asks for.
    log.take();
    let largest = first.clone().order_by(Reading::VALUE.desc());
    assert_eq!(largest.clone().first(&db).await.unwrap().unwrap().value, 5);
    assert!(log.take().iter().all(|statement| statement.rows == 1));
    let with_notes = largest.with(Reading::NOTES);
    for query in [
        with_notes.clone().by_levels(),
        with_notes.clone().pipelined(),
    ] {
        let found = query.clone().first(&db).await.unwrap().unwrap();
        assert_eq!((found.value, found.notes.len()), (5, 1));
        let found = query.clone().limit(1).all(&db).await.unwrap();
        assert_eq!((found[0].value, found[0].notes.len()), (5, 1));
    }
    let in_order = first.order_by(Reading::VALUE).all(&db).await.unwrap();
    let values = in_order.iter().map(|reading| reading.value);
    assert!(values.eq([3, 4, 5]));
}
