//! Whole trees in one round trip.

use std::time::Duration;

use unlazy::{
    Db, Entity, Executor, IntoLoad, Loads, Query, StatementLog, TransactionOptions, Unloaded, sql,
};

use crate::fixture::*;

/// The statements since the last time, without their BEGIN and COMMIT, and whether they were there.
fn sent(log: &StatementLog) -> (usize, bool) {
    let statements: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    let begun = statements
        .iter()
        .any(|sql| sql == "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    assert_eq!(
        begun,
        statements.iter().any(|sql| sql == "COMMIT"),
        "{statements:#?}"
    );
    (statements.len() - if begun { 2 } else { 0 }, begun)
}

/// The result of a query pipelined, which is the same as level by level.
async fn both_ways<L>(query: Query<User, L>, db: &Db, log: &StatementLog) -> Vec<L::Value>
where
    L: Loads<User>,
    L::Value: PartialEq + std::fmt::Debug,
{
    let by_levels = query.clone().by_levels().all(db).await.unwrap();
    let (statements, begun) = sent(log);
    assert!(!begun);
    let pipelined = query.pipelined().all(db).await.unwrap();
    assert_eq!(log.notes(), [""; 0]);
    if !by_levels.is_empty() {
        assert_eq!(sent(log), (statements, true));
    }
    log.take();
    assert_eq!(pipelined, by_levels);
    pipelined
}

#[tokio::test]
async fn a_tree_of_depth_three_with_siblings_is_one_round_trip() {
    let (test, _, _) = shop().await;
    let proxy = test.proxy(Duration::ZERO).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    let query = User::query()
        .with(User::ADDRESSES.with(Address::USER))
        .with(
            User::ORDERS
                .with(Order::ADDRESS.with(Address::USER.selectin()))
                .with(Order::ITEMS.with(Item::KEYWORDS)),
        )
        .pipelined();
    // The connection, and preparing the statements.
    let first = query.clone().all(&db).await.unwrap();
    proxy.reset();
    let second = query.clone().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 1);
    assert_eq!(second, first);
    query.clone().by_levels().all(&db).await.unwrap();
    proxy.reset();
    assert_eq!(query.by_levels().all(&db).await.unwrap(), first);
    assert_eq!(proxy.round_trips(), 4);
}

#[tokio::test]
async fn preparing_costs_one_round_trip_more() {
    let (test, _, _) = shop().await;
    let proxy = test.proxy(Duration::ZERO).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    User::query().all(&db).await.unwrap();
    proxy.reset();
    let query = User::query().with(User::ORDERS.with(Order::ITEMS.with(Item::KEYWORDS)));
    query.pipelined().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 2);
}

#[tokio::test]
async fn filters_orders_and_limits_of_the_parents_hold_for_their_loads() {
    let (_test, db, log) = shop().await;
    let loads = || {
        User::query()
            .with(User::ORDERS.filter(Order::ID.gt(1)).with(Order::ITEMS))
            .with(User::ADDRESSES.order_by(Address::EMAIL.desc()))
    };
    for query in [
        loads(),
        loads().filter(User::NAME.ne("ben")),
        loads().filter(User::ORDERS.any(Order::PRIORITY.is_null())),
        loads().order_by(User::NAME.desc()).limit(2),
        loads().filter(sql!("length($1) = $2", User::NAME, 3)),
        loads().filter(User::ID.eq(100)),
    ] {
        both_ways(query, &db, &log).await;
    }
    let users = both_ways(loads().order_by(User::NAME.desc()).limit(2), &db, &log).await;
    let orders: Vec<Vec<i64>> = users
        .iter()
        .map(|user| user.orders.iter().map(|order| order.id).collect())
        .collect();
    assert_eq!(orders, [vec![], vec![2, 4]]);
}

#[tokio::test]
async fn joined_and_own_statements_in_every_combination() {
    let (_test, db, log) = shop().await;
    for (owner, _) in strategies!(Address::USER.with(User::ORDERS.with(Order::ITEMS))) {
        for (to, _) in strategies!(Order::ADDRESS.with(owner.clone())) {
            let query = User::query().with(User::ORDERS.with(to).with(Order::USER));
            let users = both_ways(query, &db, &log).await;
            let ann = users[0].orders[0].address.as_ref().unwrap();
            assert_eq!(ann.user.orders.len(), 3);
        }
    }
}

#[tokio::test]
async fn a_query_without_loads_of_their_own_begins_nothing() {
    let (_test, db, log) = shop().await;
    let db = db.pipelined();
    Order::query().with(Order::USER).all(&db).await.unwrap();
    assert_eq!(sent(&log), (1, false));
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
    assert_eq!(sent(&log), (1, false));
}

#[tokio::test]
async fn a_handle_can_pipeline_all_of_its_queries() {
    let (_test, db, log) = shop().await;
    let pipelined = db.pipelined();
    let query = User::query().with(User::ORDERS);
    query.clone().all(&pipelined).await.unwrap();
    assert_eq!(sent(&log), (2, true));
    query.clone().by_levels().all(&pipelined).await.unwrap();
    assert_eq!(sent(&log), (2, false));
    query.all(&db).await.unwrap();
    assert_eq!(sent(&log), (2, all_are_pipelined()));
}

#[tokio::test]
async fn within_a_transaction_of_one_snapshot_nothing_is_begun() {
    let (_test, db, log) = shop().await;
    db.snapshot(async |tx| {
        User::find(7).one(tx).await?; // the transaction's own BEGIN goes with it
        log.take();
        let query = User::query()
            .with(User::ORDERS.with(Order::ITEMS))
            .pipelined();
        let users = query.all(tx).await?;
        assert_eq!(users[0].orders.len(), 3);
        assert_eq!(sent(&log), (3, false));
        Ok::<_, unlazy::Error>(())
    })
    .await
    .unwrap();
    assert_eq!(log.notes(), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_pipelined_runs_by_levels_and_says_why() {
    let (_test, db, log) = shop().await;
    let query = || User::query().with(User::ORDERS).pipelined();

    let not_repeatable = query().filter(sql!("random() >= 0"));
    assert_eq!(not_repeatable.all(&db).await.unwrap().len(), 4);
    assert_eq!(sent(&log), (2, false));
    assert!(
        log.notes()[0].contains("may return another value"),
        "{:?}",
        log.notes()
    );

    let own_sql = User::from_sql(sql!("SELECT * FROM users ORDER BY random() LIMIT 2"));
    let own_sql = own_sql.with(User::ORDERS).pipelined();
    assert_eq!(own_sql.all(&db).await.unwrap().len(), 2);
    assert_eq!(sent(&log), (2, false));
    assert!(
        log.notes()[1].contains("query's source"),
        "{:?}",
        log.notes()
    );

    db.transaction(async |tx| query().all(tx).await.map(drop))
        .await
        .unwrap();
    assert!(
        log.notes()[2].contains("different moments"),
        "{:?}",
        log.notes()
    );
    assert_eq!(log.notes().len(), 3);
}

#[tokio::test]
async fn on_a_foreign_client_nothing_is_begun() {
    let (test, _, _) = shop().await;
    let client = test.connect().await.unwrap();
    async fn run(on: &impl Executor) {
        let query = User::query().with(User::ORDERS).pipelined();
        assert_eq!(query.all(on).await.unwrap()[0].orders.len(), 3);
    }
    client
        .batch_execute("BEGIN; DELETE FROM order_items")
        .await
        .unwrap();
    run(&client).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    let left = client
        .query_one("SELECT count(*) FROM order_items", &[])
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 11);
}

#[tokio::test]
async fn one_snapshot_whatever_others_commit_meanwhile() {
    let (test, db, _) = shop().await;
    let other = Db::connect(&test.url()).unwrap();
    let options = TransactionOptions::new().isolation(unlazy::Isolation::RepeatableRead);
    db.transaction_with(options, async |tx| {
        let before = User::query().with(User::ORDERS).pipelined().all(tx).await?;
        Order::delete()
            .filter(Order::ID.eq(5))
            .execute(&other)
            .await?;
        let after = User::query().with(User::ORDERS).pipelined().all(tx).await?;
        assert_eq!(after, before);
        Ok::<_, unlazy::Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_failed_statement_leaves_the_connection_clean() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let broken = User::query()
        .filter(sql!("1 / ($1 - 7) < 2", User::ID))
        .with(User::ORDERS)
        .pipelined();
    for _ in 0..2 {
        let error = broken.clone().all(&db).await.unwrap_err();
        assert!(error.to_string().contains("division by zero"), "{error}");
    }
    let query = User::query().with(User::ORDERS).pipelined();
    assert_eq!(query.all(&db).await.unwrap().len(), 4);
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let client = test.connect().await.unwrap();
    assert_eq!(
        client.query_one(idle, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
}

#[tokio::test]
async fn tables_that_changed_since_the_statements_were_prepared() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let query = User::query().with(User::ORDERS).pipelined();
    query.clone().all(&db).await.unwrap();
    let other = test.connect().await.unwrap();
    other
        .batch_execute("ALTER TABLE orders ALTER priority TYPE int8; ALTER TABLE orders ALTER priority TYPE int4")
        .await
        .unwrap();
    other
        .batch_execute("DEALLOCATE ALL; ALTER TABLE users ADD COLUMN born date; ALTER TABLE users DROP COLUMN born")
        .await
        .unwrap();
    db.transaction(async |tx| tx.batch_execute("DEALLOCATE ALL").await)
        .await
        .unwrap();
    assert_eq!(query.all(&db).await.unwrap()[0].orders.len(), 3);
}

#[tokio::test]
async fn a_missing_target_is_the_same_error() {
    let (_test, db, _) = shop().await;
    db.batch_execute("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; UPDATE orders SET user_id = 99 WHERE id = 4")
        .await
        .unwrap();
    for (load, _) in strategies!(Order::USER) {
        let query = Order::query().with(load.into_load());
        let by_levels = query.clone().all(&db).await.unwrap_err().to_string();
        let pipelined = query.pipelined().all(&db).await.unwrap_err().to_string();
        assert!(
            by_levels.contains("Order.user") && by_levels.contains("99"),
            "{by_levels}"
        );
        assert_eq!(pipelined, by_levels);
    }
}

#[tokio::test]
async fn keys_that_differ_in_blanks_and_columns_named_as_the_parts_of_keys() {
    const SCHEMA: &str = "
        CREATE EXTENSION citext;
        CREATE TABLE codes (c0 bpchar PRIMARY KEY);
        CREATE TABLE refs (id int8 PRIMARY KEY, code bpchar);
        INSERT INTO codes VALUES ('a'), ('b  ');
        INSERT INTO refs VALUES (1, 'a'), (2, 'a  '), (3, 'b'), (4, NULL), (5, 'a');
        CREATE TABLE people (c0 citext PRIMARY KEY);
        CREATE TABLE pets (id int8 PRIMARY KEY, owner citext NOT NULL);
        INSERT INTO people VALUES ('Ann'), ('ben');
        INSERT INTO pets VALUES (1, 'ann'), (2, 'ANN'), (3, 'Ben');
    ";

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "codes")]
    struct Code {
        #[entity(primary_key, type = "bpchar")]
        c0: String,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "refs")]
    struct Ref<Of = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        #[entity(type = "bpchar")]
        code: Option<String>,
        #[entity(belongs_to(Code, foreign_key = code))]
        of: Of,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "people")]
    struct Person<Pets = Unloaded> {
        #[entity(primary_key, type = "citext")]
        c0: String,
        #[entity(has_many(Pet, foreign_key = owner))]
        pets: Pets,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "pets")]
    struct Pet {
        #[entity(primary_key)]
        id: i64,
        #[entity(type = "citext")]
        owner: String,
    }

    let (_test, db, _) = database(SCHEMA).await;
    let refs = Ref::query().with(Ref::OF.selectin());
    let by_levels = refs.clone().by_levels().all(&db).await.unwrap();
    let found: Vec<bool> = by_levels.iter().map(|r| r.of.is_some()).collect();
    assert_eq!(found, [true, true, true, false, true]);
    assert_eq!(refs.pipelined().all(&db).await.unwrap(), by_levels);

    let people = Person::query().with(Person::PETS);
    let by_levels = people.clone().by_levels().all(&db).await.unwrap();
    assert_eq!(by_levels[0].pets.len(), 2);
    assert_eq!(people.pipelined().all(&db).await.unwrap(), by_levels);
}
