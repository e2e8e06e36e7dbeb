//! Transactions and savepoints.

use unlazy::{Entity, Error, Isolation, Result, TransactionOptions, Unloaded, sql};

use crate::fixture::*;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "pg_settings", schema = "pg_catalog", view)]
struct Setting {
    #[entity(primary_key)]
    name: String,
    setting: String,
}

#[tokio::test]
async fn ok_commits_and_the_value_is_returned() {
    let (_test, db, log) = shop().await;
    let eve = db
        .transaction(async |tx| {
            let eve = User::insert(new_user("eve")).one(tx).await?;
            // Loads see what their own transaction has done.
            let order = NewOrder {
                user_id: eve.id,
                address_id: Some(1),
                priority: None,
            };
            Order::insert(order).execute(tx).await?;
            let orders = User::ORDERS.with(Order::ADDRESS.selectin());
            let eve = User::find(eve.id).with(orders).one(tx).await?;
            assert!(!is_saved(&db, "eve").await);
            Ok::<_, Error>(eve)
        })
        .await
        .unwrap();
    assert_eq!(eve.orders.len(), 1);
    assert_eq!(eve.orders[0].address.as_deref(), Some(&plain_address(1)));
    assert!(is_saved(&db, "eve").await);
    let statements: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    assert_eq!(statements.len(), 9, "{statements:#?}");
    assert_eq!(statements.first().map(String::as_str), Some("BEGIN"));
    assert_eq!(statements[7], "COMMIT");
}

#[tokio::test]
async fn an_error_of_ones_own_rolls_back() {
    #[derive(Debug, PartialEq)]
    struct OutOfStock;

    impl From<Error> for OutOfStock {
        fn from(error: Error) -> Self {
            panic!("{error:?}");
        }
    }

    let (_test, db, log) = shop().await;
    let outcome: Result<(), OutOfStock> = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            Err(OutOfStock)
        })
        .await;
    assert_eq!(outcome, Err(OutOfStock));
    assert_eq!(log.take().last().unwrap().sql, "ROLLBACK");
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_failure_that_was_swallowed_is_not_taken_for_a_commit() {
    let (_test, db, _) = shop().await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            let twice = User::insert(new_user("ann")).execute(tx).await;
            assert!(matches!(twice, Err(Error::Constraint { .. })));
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_statement_that_cannot_be_prepared_is_a_failure_too() {
    let (_test, db, _) = shop().await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            let _ = unlazy::execute(sql!("SELECT nonsense"), tx).await;
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn results_that_do_not_fit_do_not_abort_a_transaction() {
    let (_test, db, _) = shop().await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            let too_many = User::query().one(tx).await;
            assert!(matches!(too_many, Err(Error::TooMany { .. })));
            let nobody = User::find(99).one(tx).await;
            assert!(matches!(nobody, Err(Error::NotFound { .. })));
            let undecodable = User::from_sql(sql!("SELECT 1 AS id, 'x' AS name"));
            assert!(matches!(
                undecodable.all(tx).await,
                Err(Error::Decode { .. })
            ));
            User::insert(new_user("eve")).execute(tx).await
        })
        .await;
    outcome.unwrap();
    assert!(is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_savepoint_is_undone_alone() {
    let (_test, db, log) = shop().await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            let failed: Result<()> = tx
                .savepoint(async |savepoint| {
                    User::insert(new_user("fay")).execute(savepoint).await?;
                    User::insert(new_user("ann")).execute(savepoint).await
                })
                .await;
            assert!(matches!(failed, Err(Error::Constraint { .. })));
            tx.savepoint(async |savepoint| {
                savepoint
                    .savepoint(async |inner| User::insert(new_user("gus")).execute(inner).await)
                    .await
            })
            .await
        })
        .await;
    outcome.unwrap();
    let control: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    let control: Vec<&str> = control
        .iter()
        .map(String::as_str)
        .filter(|sql| !sql.starts_with("INSERT"))
        .collect();
    assert_eq!(
        control,
        [
            "BEGIN",
            "SAVEPOINT \"unlazy 1\"",
            "ROLLBACK TO \"unlazy 1\"; RELEASE \"unlazy 1\"",
            "SAVEPOINT \"unlazy 1\"",
            "SAVEPOINT \"unlazy 2\"",
            "RELEASE \"unlazy 2\"",
            "RELEASE \"unlazy 1\"",
            "COMMIT"
        ]
    );
    for (name, saved) in [("eve", true), ("fay", false), ("gus", true)] {
        assert_eq!(is_saved(&db, name).await, saved, "{name}");
    }
}

#[tokio::test]
async fn a_failure_that_was_swallowed_within_a_savepoint_undoes_only_that() {
    let (_test, db, _) = shop().await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            let swallowed: Result<()> = tx
                .savepoint(async |savepoint| {
                    User::insert(new_user("fay")).execute(savepoint).await?;
                    let _ = User::insert(new_user("ann")).execute(savepoint).await;
                    Ok(())
                })
                .await;
            assert!(matches!(swallowed, Err(Error::Aborted)), "{swallowed:?}");
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert!(is_saved(&db, "eve").await);
    assert!(!is_saved(&db, "fay").await);
}

#[tokio::test]
async fn isolation_read_only_and_deferrable_reach_the_server() {
    let (_test, db, _) = shop().await;
    let new = TransactionOptions::new;
    let cases = [
        (new(), ["read committed", "off", "off"]),
        (
            new().isolation(Isolation::ReadCommitted),
            ["read committed", "off", "off"],
        ),
        (
            new().isolation(Isolation::RepeatableRead),
            ["repeatable read", "off", "off"],
        ),
        (
            new()
                .isolation(Isolation::Serializable)
                .read_only(true)
                .deferrable(),
            ["serializable", "on", "on"],
        ),
    ];
    for (options, expected) in cases {
        let settings = db
            .transaction_with(options, async |tx| {
                let mut settings = Vec::new();
                for name in [
                    "transaction_isolation",
                    "transaction_read_only",
                    "transaction_deferrable",
                ] {
                    settings.push(Setting::find(name).one(tx).await?.setting);
                }
                Ok::<_, Error>(settings)
            })
            .await;
        assert_eq!(settings.unwrap(), expected);
    }
}

#[tokio::test]
async fn read_only_transactions_refuse_to_write() {
    let (_test, db, _) = shop().await;
    let options = TransactionOptions::new().read_only(true);
    let outcome = db
        .transaction_with(options, async |tx| {
            User::insert(new_user("eve")).execute(tx).await
        })
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().code().code(), "25006");
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_deleted_meanwhile() {
    let (_test, db, _) = shop().await;
    let options = TransactionOptions::new().isolation(Isolation::RepeatableRead);
    let cleo = db
        .transaction_with(options, async |tx| {
            User::find(9).one(tx).await?;
            Address::delete()
                .filter(Address::ID.eq(5))
                .execute(&db)
                .await?;
            User::find(9).with(User::ADDRESSES).one(tx).await
        })
        .await;
    let expected = user(9, many([plain_address(5)]), Unloaded);
    assert_eq!(cleo.unwrap(), expected);
}

#[tokio::test]
async fn conflicting_transactions_can_be_retried() {
    let (_test, db, _) = shop().await;
    let options = TransactionOptions::new().isolation(Isolation::RepeatableRead);
    let rename = |name| User::update().filter(User::ID.eq(7)).set(User::NAME, name);
    let outcome = db
        .transaction_with(options, async |tx| {
            User::find(7).one(tx).await?;
            rename("anna").execute(&db).await?;
            rename("anne").execute(tx).await
        })
        .await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::SerializationFailure(_)), "{error:?}");
    assert!(error.is_retryable());
    assert!(is_saved(&db, "anna").await);
}

#[tokio::test]
async fn deadlocks_and_timeouts_are_told_apart() {
    let (_test, db, _) = shop().await;
    let both_are_locked = tokio::sync::Barrier::new(2);
    let rename = async |first: i64, second: i64| {
        db.transaction(async |tx| {
            unlazy::execute(sql!("SET LOCAL deadlock_timeout = '10ms'"), tx).await?;
            let rename = |id| {
                User::update()
                    .filter(User::ID.eq(id))
                    .set(User::NAME, format!("user {id}"))
            };
            rename(first).execute(tx).await?;
            both_are_locked.wait().await;
            rename(second).execute(tx).await
        })
        .await
    };
    let outcomes = tokio::join!(rename(7, 8), rename(8, 7));
    let ((Ok(1), Err(error)) | (Err(error), Ok(1))) = outcomes else {
        panic!("{outcomes:?}");
    };
    assert!(matches!(error, Error::Deadlock(_)), "{error:?}");
    assert!(error.is_retryable());

    let outcome: Result<u64> = db
        .transaction(async |tx| {
            unlazy::execute(sql!("SET LOCAL statement_timeout = '10ms'"), tx).await?;
            unlazy::execute(sql!("SELECT pg_sleep(60)"), tx).await
        })
        .await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::StatementTimeout(_)), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn constraints_that_are_checked_at_the_commit() {
    let (_test, db, _) = database(
        "CREATE TABLE nodes (
            id int8 PRIMARY KEY,
            parent_id int8 REFERENCES nodes DEFERRABLE INITIALLY DEFERRED
        );",
    )
    .await;
    let node = |id, parent_id| NewNode {
        id,
        parent_id: Some(parent_id),
    };
    let ring = [node(1, 2), node(2, 1)];
    let outcome = db
        .transaction(async |tx| Node::insert_many(ring).execute(tx).await)
        .await;
    assert_eq!(outcome.unwrap(), 2);
    let error = db
        .transaction(async |tx| Node::insert(node(3, 99)).execute(tx).await)
        .await
        .unwrap_err();
    assert!(error.violates(Node::PARENT_ID), "{error:?}");
    assert_eq!(Node::query().count(&db).await.unwrap(), 2);
}

#[tokio::test]
async fn transactions_run_in_spawned_tasks() {
    let (_test, db, _) = shop().await;
    let handle = db.clone();
    let names = ["eve", "fay"];
    let task = tokio::spawn(async move {
        handle
            .transaction(async |tx| {
                for name in &names {
                    User::insert(new_user(*name)).execute(tx).await?;
                }
                Ok::<_, Error>(())
            })
            .await
    });
    task.await.unwrap().unwrap();
    assert!(is_saved(&db, "eve").await && is_saved(&db, "fay").await);
}

/// Polls a statement that takes long once, so that it is sent, and drops it.
async fn drop_a_statement(tx: &unlazy::Transaction) {
    let statement = unlazy::execute(sql!("SELECT pg_sleep(60)"), tx);
    let sent = tokio::time::timeout(std::time::Duration::from_millis(50), statement).await;
    assert!(sent.is_err(), "the statement ended before it was dropped");
}

#[tokio::test]
async fn a_dropped_statement_is_not_committed_over() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let done = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            drop_a_statement(tx).await;
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(done, Err(Error::Aborted)), "{done:?}");
    // Nobody waited for the minute that the statement takes: its connection is closed.
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_dropped_statement_in_a_savepoint_is_not_committed_over() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let done = db
        .transaction(async |tx| {
            User::insert(new_user("eve")).execute(tx).await?;
            let inner: Result<()> = tx
                .savepoint(async |sp| {
                    drop_a_statement(sp).await;
                    Ok(())
                })
                .await;
            assert!(matches!(inner, Err(Error::Aborted)), "{inner:?}");
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(done, Err(Error::Aborted)), "{done:?}");
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_timeout_within_a_transaction_does_not_wait_for_the_statement() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let done = db
        .transaction(async |tx| {
            drop_a_statement(tx).await;
            Err::<(), _>(Error::PoolTimeout)
        })
        .await;
    assert!(matches!(done, Err(Error::PoolTimeout)), "{done:?}");
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[tokio::test]
async fn a_batch_leaves_no_transaction_and_no_setting_behind() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    for batch in [
        "BEGIN; INSERT INTO users VALUES (11, 'eve'); SELECT 1 / 0; COMMIT",
        "BEGIN; INSERT INTO users VALUES (11, 'eve')",
        "SET search_path TO pg_catalog",
    ] {
        let _ = db.batch_execute(batch).await;
        assert!(!is_saved(&db, "eve").await, "{batch}");
    }
}

#[tokio::test]
async fn a_value_that_was_never_sent_does_not_abort() {
    let (_test, db, _) = shop().await;
    db.transaction(async |tx| {
        User::insert(new_user("eve")).execute(tx).await?;
        let unfit = unlazy::execute(sql!("SELECT $1::date", "today"), tx).await;
        assert!(matches!(unfit, Err(Error::Database(_))), "{unfit:?}");
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert!(is_saved(&db, "eve").await);
}

#[tokio::test]
async fn loads_of_every_strategy_see_their_own_transaction() {
    let (_test, db, _) = shop().await;
    db.transaction(async |tx| {
        let eve = User::insert(new_user("eve")).one(tx).await?;
        let home = NewAddress {
            user_id: eve.id,
            email: "eve@a.org".to_owned(),
        };
        let home = Address::insert(home).one(tx).await?;
        let order = NewOrder {
            user_id: eve.id,
            address_id: Some(home.id),
            priority: None,
        };
        let order = Order::insert(order).one(tx).await?;
        for (customer, _) in strategies!(Order::USER.with(User::ADDRESSES)) {
            for (to, _) in strategies!(Order::ADDRESS) {
                let query = Order::find(order.id).with(customer.clone()).with(to);
                let found = query.one(tx).await?;
                assert_eq!(found.user.name, "eve");
                assert_eq!(found.user.addresses, many([home.clone()]));
                assert_eq!(found.address, maybe(Some(home.clone())));
            }
        }
        // Outside of it there is nothing yet.
        let outside = Order::find(order.id).one_or_none(&db).await?;
        assert_eq!(outside, None);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}
