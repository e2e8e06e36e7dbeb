//! Advisory locks.

use unlazy::{AdvisoryKey, Db, Error, Result};

use crate::fixture::*;

/// Whether somebody else can take the lock, for themselves or together with others.
async fn is_free(db: &Db, key: &AdvisoryKey) -> (bool, bool) {
    let exclusive = db
        .transaction(async |tx| tx.try_advisory_lock(key.clone()).await)
        .await;
    let shared = db
        .transaction(async |tx| tx.try_advisory_lock_shared(key.clone()).await)
        .await;
    (exclusive.unwrap(), shared.unwrap())
}

fn keys() -> [AdvisoryKey; 4] {
    [
        1.into(),
        (1, -1).into(),
        "one".into(),
        "two".to_owned().into(),
    ]
}

#[tokio::test]
async fn a_lock_is_held_until_the_transaction_ends() {
    let (_test, db, _) = shop().await;
    for key in keys() {
        db.transaction(async |tx| {
            tx.advisory_lock(key.clone()).await?;
            // Nothing happens if one already has it.
            assert!(tx.try_advisory_lock(key.clone()).await?);
            assert_eq!(is_free(&db, &key).await, (false, false));
            for other in keys().iter().filter(|other| **other != key) {
                assert_eq!(is_free(&db, other).await, (true, true));
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
        assert_eq!(is_free(&db, &key).await, (true, true));
    }
}

#[tokio::test]
async fn a_shared_lock_keeps_out_who_wants_it_alone() {
    let (_test, db, _) = shop().await;
    for key in keys() {
        let outcome: Result<()> = db
            .transaction(async |tx| {
                tx.advisory_lock_shared(key.clone()).await?;
                assert_eq!(is_free(&db, &key).await, (false, true));
                Err(Error::PoolTimeout)
            })
            .await;
        assert!(matches!(outcome, Err(Error::PoolTimeout)), "{outcome:?}");
        assert_eq!(is_free(&db, &key).await, (true, true));
    }
}

#[tokio::test]
async fn a_lock_is_waited_for() {
    let (test, db, _) = shop().await;
    let outside = test.connect().await.unwrap();
    let waits = "SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event = 'advisory'";
    let handle = db.clone();
    let waiter = db
        .transaction(async |tx| {
            tx.advisory_lock("report").await?;
            User::insert(new_user("eve")).execute(tx).await?;
            let waiter = tokio::spawn(async move {
                handle
                    .transaction(async |tx| {
                        tx.advisory_lock("report").await?;
                        User::query().count(tx).await
                    })
                    .await
            });
            while outside.query(waits, &[]).await.unwrap().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            Ok::<_, Error>(waiter)
        })
        .await
        .unwrap();
    assert_eq!(waiter.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn a_savepoint_that_is_undone_gives_its_locks_back() {
    let (_test, db, _) = shop().await;
    let key = AdvisoryKey::from(3);
    db.transaction(async |tx| {
        let undone: Result<()> = tx
            .savepoint(async |sp| {
                sp.advisory_lock(key.clone()).await?;
                Err(Error::PoolTimeout)
            })
            .await;
        undone.unwrap_err();
        assert_eq!(is_free(&db, &key).await, (true, true));
        tx.savepoint(async |sp| sp.advisory_lock(key.clone()).await)
            .await?;
        assert_eq!(is_free(&db, &key).await, (false, false));
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_server_has_a_function_for_each() {
    let (_test, db, log) = shop().await;
    db.transaction(async |tx| {
        tx.advisory_lock(1).await?;
        tx.advisory_lock_shared((1, 2)).await?;
        assert!(tx.try_advisory_lock("one").await?);
        tx.try_advisory_lock_shared(String::from("two")).await
    })
    .await
    .unwrap();
    assert_eq!(
        take_sql(&log),
        [
            "BEGIN",
            "SELECT pg_advisory_xact_lock($1::int8)",
            "SELECT pg_advisory_xact_lock_shared($1::int4, $2::int4)",
            "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))",
            "SELECT pg_try_advisory_xact_lock_shared(hashtextextended($1, 0))",
            "COMMIT"
        ]
    );
}
