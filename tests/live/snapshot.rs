//! Queries whose statements see the database at one moment.

use std::time::Duration;

use orm_test::TestDb;
use unlazy::{Db, Error, Executor, Isolation, Query, TransactionOptions, sql};

use crate::fixture::*;

/// Runs a query while another session deletes all orders between its first statement and the next one, and returns how
/// many orders of user 7 it found.
async fn orders_found(test: &TestDb, query: Query<User>, on: &impl Executor) -> usize {
    let other = test.connect().await.unwrap();
    other
        .batch_execute("SELECT pg_advisory_lock(1)")
        .await
        .unwrap();
    // The first statement waits for the lock; which rows it sees was decided when it began.
    let query = query
        .filter(User::ID.eq(7))
        .filter(sql!("pg_advisory_xact_lock_shared(1) IS NOT NULL"))
        .with(User::ORDERS);
    let deletes = async {
        let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while other.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Statements that are sent together are committed together: the lock must go after that.
        for statements in [
            "DELETE FROM order_items; DELETE FROM orders",
            "SELECT pg_advisory_unlock(1)",
        ] {
            other.batch_execute(statements).await.unwrap();
        }
    };
    let (users, ()) = tokio::join!(query.all(on), deletes);
    users.unwrap()[0].orders.len()
}

#[tokio::test]
async fn without_one_a_load_sees_what_was_committed_meanwhile() {
    let (test, db, log) = shop().await;
    assert_eq!(orders_found(&test, User::query(), &db).await, 0);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_row_deleted_between_two_statements_changes_nothing() {
    let (test, db, log) = shop().await;
    assert_eq!(orders_found(&test, User::query().snapshot(), &db).await, 3);
    let statements: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    assert!(statements[0].starts_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    assert_eq!(statements.last().map(String::as_str), Some("COMMIT"));
    assert_eq!(statements.len(), 4);
}

#[tokio::test]
async fn a_block_of_queries_sees_one() {
    let (test, db, _) = shop().await;
    let found = db
        .snapshot(async |tx| {
            let first = orders_found(&test, User::query(), tx).await;
            let again = User::query().with(User::ORDERS).all(tx).await?;
            Ok::<_, Error>((first, again[0].orders.len()))
        })
        .await;
    assert_eq!(found.unwrap(), (3, 3));
}

#[tokio::test]
async fn a_block_changes_nothing() {
    let (_test, db, _) = shop().await;
    let refused = db
        .snapshot(async |tx| User::delete().filter(User::ID.eq(10)).execute(tx).await)
        .await;
    assert!(refused.unwrap_err().to_string().contains("read-only"));
}

#[tokio::test]
async fn in_a_transaction_of_one_snapshot_there_is_nothing_to_begin() {
    let (_test, db, log) = shop().await;
    let options = TransactionOptions::new().isolation(Isolation::RepeatableRead);
    db.transaction_with(options, async |tx| {
        User::find(7).one(tx).await?; // the transaction's own BEGIN goes with it
        log.take();
        User::query().with(User::ORDERS).snapshot().all(tx).await?;
        assert_statements(&log, 2);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn where_there_can_be_none_it_is_an_error_before_anything_is_sent() {
    let (test, db, log) = shop().await;
    let query = || User::query().with(User::ORDERS).snapshot();
    let in_transaction = db.transaction(async |tx| {
        log.take();
        let error = query().all(tx).await.unwrap_err();
        assert!(matches!(error, Error::NoSnapshot { .. }), "{error}");
        assert_statements(&log, 0);
        // A single statement is its own snapshot.
        User::query().snapshot().all(tx).await
    });
    assert_eq!(in_transaction.await.unwrap().len(), 4);
    let client = test.connect().await.unwrap();
    let error = query().all(&client).await.unwrap_err();
    assert!(matches!(error, Error::NoSnapshot { .. }), "{error}");
}

#[tokio::test]
async fn tables_that_changed_since_the_statements_were_prepared() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let query = User::query().with(User::ORDERS).by_levels().snapshot();
    query.clone().all(&db).await.unwrap();
    db.transaction(async |tx| tx.batch_execute("DEALLOCATE ALL").await)
        .await
        .unwrap();
    assert_eq!(query.all(&db).await.unwrap()[0].orders.len(), 3);
}

#[tokio::test]
async fn the_connection_is_clean_after_a_drop_anywhere() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    for polls in 0.. {
        let query = User::query()
            .with(User::ORDERS.with(Order::ITEMS))
            .snapshot();
        if polled(query.all(&db), polls).await {
            break;
        }
        is_clean(&test, &db).await;
    }
    for polls in 0.. {
        let query = User::query()
            .with(User::ORDERS.with(Order::ITEMS))
            .pipelined();
        if polled(query.all(&db), polls).await {
            break;
        }
        is_clean(&test, &db).await;
    }
}

async fn is_clean(test: &TestDb, db: &Db) {
    assert_eq!(
        User::query()
            .with(User::ORDERS)
            .all(db)
            .await
            .unwrap()
            .len(),
        4
    );
    let client = test.connect().await.unwrap();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND state LIKE 'idle in transaction%'";
    assert_eq!(
        client.query_one(open, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
}
