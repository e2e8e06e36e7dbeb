//! Row locks.

use unlazy::{Db, Entity, Error, Locked, Query, Result, sql};

use crate::fixture::*;

/// Whether another transaction can lock the only row of a query.
async fn is_free<E: Entity>(db: &Db, row: Query<E>) -> bool {
    let locked = db
        .transaction(async |tx| row.for_update().nowait().one(tx).await.map(drop))
        .await;
    match locked {
        Ok(()) => true,
        Err(Error::LockNotAvailable(_)) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn only_rows_of_the_querys_own_table_are_locked_whatever_is_joined() {
    let (_test, db, log) = shop().await;
    let query = Order::query()
        .filter(Order::ID.is_in([1, 5]))
        .with(Order::USER)
        .with(Order::ADDRESS.with(Address::USER))
        .with(Order::ITEMS);
    db.transaction(async |tx| {
        // Order 5 has no address: the nullable side of an outer join.
        let orders = query.clone().for_update().all(tx).await?;
        assert_statements(&log, 3); // with the BEGIN
        assert_eq!(orders, query.all(tx).await?);

        assert!(!is_free(&db, Order::find(1)).await);
        assert!(!is_free(&db, Order::find(5)).await);
        assert!(is_free(&db, Order::find(2)).await);
        assert!(is_free(&db, User::find(7)).await);
        assert!(is_free(&db, Address::find(1)).await);
        assert!(is_free(&db, Item::find(1)).await);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert!(is_free(&db, Order::find(1)).await);
}

#[tokio::test]
async fn a_limit_locks_the_page_only_and_skip_locked_takes_the_next() {
    let (_test, db, _) = shop().await;
    let next = || Order::query().limit(2).for_update().skip_locked();
    let ids = |orders: Vec<Order>| orders.iter().map(|order| order.id).collect::<Vec<_>>();
    db.transaction(async |first| {
        assert_eq!(ids(next().all(first).await?), [1, 2]);
        db.transaction(async |second| {
            assert_eq!(ids(next().all(second).await?), [3, 4]);
            Ok::<_, Error>(())
        })
        .await
    })
    .await
    .unwrap();
    assert_eq!(ids(next().all(&db).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn each_way_to_run_it() {
    let (_test, db, _) = shop().await;
    db.transaction(async |tx| {
        let ann = User::find(7).for_update().one(tx).await?;
        let counted = User::find(7).annotate(User::ORDERS.count()).for_update();
        assert_eq!(counted.one(tx).await?, (ann.clone(), 3));
        let first = User::query().for_share().first(tx).await?;
        let none = User::find(1).for_key_share().one_or_none(tx).await?;
        assert_eq!(first, Some(ann));
        assert_eq!(none, None);
        let missing = User::find(1).for_update().one(tx).await;
        assert!(matches!(missing, Err(Error::NotFound { entity: "User" })));
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_strengths_differ_in_what_others_can_do() {
    let (_test, db, _) = shop().await;
    let seen_by_others = async |lock: fn(Query<User>) -> Locked<User>| {
        db.transaction(async |tx| {
            lock(User::find(7)).one(tx).await?;
            let mut free = Vec::new();
            for lock in [
                Query::for_no_key_update,
                Query::for_share,
                Query::for_key_share,
            ] {
                free.push(lock(User::find(7)).nowait().one(&db).await.is_ok());
            }
            Ok::<_, Error>(free)
        })
        .await
        .unwrap()
    };
    assert_eq!(
        seen_by_others(Query::for_update).await,
        [false, false, false]
    );
    assert_eq!(
        seen_by_others(Query::for_no_key_update).await,
        [false, false, true]
    );
    assert_eq!(seen_by_others(Query::for_share).await, [false, true, true]);
    assert_eq!(
        seen_by_others(Query::for_key_share).await,
        [true, true, true]
    );
}

#[tokio::test]
async fn sql_of_ones_own_locks_the_rows_of_its_tables() {
    let (_test, db, _) = shop().await;
    let own = User::from_sql(sql!(
        "SELECT u.* FROM users u JOIN addresses a ON a.user_id = u.id WHERE a.email LIKE $1",
        "cleo%"
    ));
    db.transaction(async |tx| {
        let cleo = own
            .filter(User::ID.gt(1))
            .with(User::ORDERS)
            .for_update()
            .one(tx)
            .await?;
        assert_eq!(cleo.orders.len(), 2);
        assert!(!is_free(&db, User::find(9)).await);
        assert!(!is_free(&db, Address::find(5)).await);
        assert!(is_free(&db, User::find(8)).await);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn waiting_for_a_lock_ends_with_lock_timeout() {
    let (_test, db, _) = shop().await;
    db.transaction(async |tx| {
        User::find(7).for_update().one(tx).await?;
        let outcome: Result<User> = db
            .transaction(async |other| {
                unlazy::execute(sql!("SET LOCAL lock_timeout = '10ms'"), other).await?;
                User::find(7).for_update().one(other).await
            })
            .await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::LockNotAvailable(_)), "{error:?}");
        assert_eq!(error.as_db_error().unwrap().code().code(), "55P03");
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_lock_is_not_pipelined() {
    let (_test, db, log) = shop().await;
    let users = db
        .pipelined()
        .transaction(async |tx| {
            let users = User::query().with(User::ORDERS).for_update().skip_locked();
            users.all(tx).await
        })
        .await
        .unwrap();
    assert_eq!(users[0].orders.len(), 3);
    assert_eq!(log.notes().len(), 1);
    let options = unlazy::TransactionOptions::new().isolation(unlazy::Isolation::RepeatableRead);
    db.pipelined()
        .transaction_with(options, async |tx| {
            let users = User::query().with(User::ORDERS).for_update();
            users.all(tx).await
        })
        .await
        .unwrap();
    assert_eq!(
        log.notes()[1],
        "not pipelined: a query that locks rows may return others than the same query that does not"
    );
}
