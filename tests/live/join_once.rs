//! Conditions and orders that go through a relation find the same rows in the same order whether they use the join of its
//! load or a subquery.

use unlazy::{Db, OrderBy, Predicate, StatementLog, sql};

use crate::fixture::*;

fn ids<U, A, I>(orders: &[Order<U, A, I>]) -> Vec<i64> {
    orders.iter().map(|order| order.id).collect()
}

/// Asserts which orders fulfil a condition: with and without loads, by each strategy, in the statement of a load, and as a
/// value.
async fn assert_found(db: &Db, condition: Predicate<Order>, expected: &[i64]) {
    let query = || Order::query().filter(condition.clone());
    let plain = query().all(db).await.unwrap();
    assert_eq!(ids(&plain), expected, "{condition:?}");

    for address in [
        Order::ADDRESS.with(Address::USER),
        Order::ADDRESS.with(Address::USER.selectin()),
        Order::ADDRESS.selectin().with(Address::USER),
    ] {
        for pipelined in [false, true] {
            let loaded = query()
                .with(address.clone())
                .with(Order::USER)
                .with(Order::ITEMS);
            let loaded = if pipelined {
                loaded.pipelined()
            } else {
                loaded
            };
            let count = loaded.clone().count(db).await.unwrap();
            assert_eq!(count, expected.len() as u64);
            let orders = loaded.all(db).await.unwrap();
            assert_eq!(ids(&orders), expected, "{condition:?}");
            for order in &orders {
                let address = order.address.as_ref().map(|address| address.id);
                assert_eq!(address, order.address_id);
                assert_eq!(order.user.id, order.user_id);
            }
        }
    }

    let orders = User::ORDERS
        .filter(condition.clone())
        .with(Order::ADDRESS.with(Address::USER));
    let users = User::query().with(orders).all(db).await.unwrap();
    let mut below: Vec<i64> = users.iter().flat_map(|user| ids(&user.orders)).collect();
    below.sort_unstable();
    assert_eq!(below, expected, "{condition:?}");

    let values = Order::query()
        .annotate(condition.clone())
        .with(Order::ADDRESS.with(Address::USER))
        .all(db)
        .await
        .unwrap();
    let holds = values.iter().filter(|(_, holds)| *holds);
    let holds: Vec<i64> = holds.map(|(order, _)| order.id).collect();
    assert_eq!(holds, expected, "{condition:?}");
}

#[tokio::test]
async fn conditions_on_the_row_and_on_the_row_behind_it() {
    let (_test, db, _) = shop().await;
    let to_ben = || Order::ADDRESS.has(Address::USER.has(User::NAME.eq("ben")));
    let urgent = || Order::PRIORITY.eq(1);
    assert_found(&db, to_ben(), &[2, 4]).await;
    assert_found(&db, to_ben().not(), &[1, 3, 5]).await;
    assert_found(&db, to_ben() | Order::PRIORITY.eq(2), &[1, 2, 4, 5]).await;
    assert_found(&db, to_ben() & urgent(), &[4]).await;
    assert_found(&db, (to_ben() & urgent()).not(), &[1, 3, 5]).await;
    assert_found(&db, urgent() & (to_ben() & to_ben()), &[4]).await;
    let not_of_ben = Order::ADDRESS.has(Address::USER.has(User::NAME.eq("ben")).not());
    assert_found(&db, not_of_ben, &[1, 3]).await;
    let mixed = Order::USER.has(User::NAME.eq("ann")) & !to_ben();
    assert_found(&db, mixed, &[1, 3, 5]).await;
    // Of the users who have an address, and of their orders.
    let through_many = Order::USER.has(User::ORDERS.any(to_ben()));
    assert_found(&db, through_many, &[2, 4]).await;
}

#[tokio::test]
async fn the_row_may_be_missing() {
    let (_test, db, _) = shop().await;
    assert_found(&db, Order::ADDRESS.exists(), &[1, 2, 3, 4]).await;
    assert_found(&db, !Order::ADDRESS.exists(), &[5]).await;
    assert_found(&db, !Order::ADDRESS.exists() | Order::ID.eq(1), &[1, 5]).await;
    // No row fulfils a condition that any would.
    for any in [sql!("true"), sql!("$1 IS NULL OR true", Address::EMAIL)] {
        assert_found(&db, Order::ADDRESS.has(any.clone()), &[1, 2, 3, 4]).await;
        assert_found(&db, Order::ADDRESS.has(any).not(), &[5]).await;
    }
    let of_nobody = || Order::ADDRESS.has(Address::USER.exists().not());
    assert_found(&db, of_nobody(), &[]).await;
    assert_found(&db, of_nobody().not(), &[1, 2, 3, 4, 5]).await;
}

#[tokio::test]
async fn what_compares_null_does_not_hold_and_its_opposite_does() {
    let (_test, db, _) = shop().await;
    let unknown = || Order::ADDRESS.has(sql!("nullif($1, $1) = ''", Address::EMAIL));
    assert_found(&db, unknown(), &[]).await;
    assert_found(&db, unknown().not(), &[1, 2, 3, 4, 5]).await;
    assert_found(&db, unknown() | Order::ID.eq(1), &[1]).await;
    assert_found(&db, !(unknown() | Order::ID.eq(1)), &[2, 3, 4, 5]).await;
    assert_found(&db, !(unknown() & Order::ID.eq(1)), &[1, 2, 3, 4, 5]).await;
    let behind = || {
        let unknown = Address::USER.has(sql!("nullif($1, $1) = ''", User::NAME));
        Order::ADDRESS.has(unknown.not())
    };
    assert_found(&db, behind(), &[1, 2, 3, 4]).await;
    assert_found(&db, behind().not(), &[5]).await;
}

/// Asserts an order of orders, with and without loads and by each strategy.
async fn assert_order(
    db: &Db,
    log: &StatementLog,
    order: impl OrderBy<Order> + Clone,
    expected: [i64; 5],
) {
    let query = || Order::query().order_by(order.clone());
    assert_eq!(ids(&query().all(db).await.unwrap()), expected);
    for address in [
        Order::ADDRESS.with(Address::USER),
        Order::ADDRESS.selectin().with(Address::USER),
        Order::ADDRESS.joined().with(Address::USER.selectin()),
    ] {
        let loaded = query().with(address).all(db).await.unwrap();
        assert_eq!(ids(&loaded), expected);
        let page = query().with(Order::ADDRESS).with(Order::ITEMS);
        for page in [page.clone(), page.pipelined()] {
            let page = page.limit(2).offset(1).all(db).await.unwrap();
            assert_eq!(ids(&page), expected[1..3]);
        }
    }
    log.take();
    let nested = Order::ADDRESS.with(Address::USER);
    query().with(nested).all(db).await.unwrap();
    let statement = log.take().remove(0).sql;
    let order = statement.split_once(" ORDER BY ").unwrap().1.to_owned();
    assert!(
        !order.contains("\"users\"") && !order.contains("\"addresses\""),
        "{order}"
    );
}

#[tokio::test]
async fn orders_with_nulls_in_their_places() {
    let (_test, db, log) = shop().await;
    let email = || Order::ADDRESS.order(Address::EMAIL);
    let name = || Order::ADDRESS.order(Address::USER.order(User::NAME));
    assert_order(&db, &log, email(), [1, 3, 2, 4, 5]).await;
    assert_order(&db, &log, email().nulls_first(), [5, 1, 3, 2, 4]).await;
    let last = Order::ADDRESS.order(Address::EMAIL.desc());
    assert_order(&db, &log, last.clone(), [5, 2, 4, 1, 3]).await;
    assert_order(&db, &log, last.nulls_last(), [2, 4, 1, 3, 5]).await;
    assert_order(&db, &log, name(), [1, 3, 2, 4, 5]).await;
    assert_order(&db, &log, name().nulls_first(), [5, 1, 3, 2, 4]).await;
}

#[tokio::test]
async fn a_value_of_a_missing_row_is_null_whatever_is_computed() {
    let (_test, db, log) = shop().await;
    let filled = Order::ADDRESS.order(sql!("coalesce($1, 'z')", Address::EMAIL));
    assert_order(&db, &log, filled.nulls_first(), [5, 1, 3, 2, 4]).await;
    let by_count = || Order::ADDRESS.order(Address::USER.order(User::ADDRESSES.count()));
    for address in [Order::ADDRESS.joined(), Order::ADDRESS.selectin()] {
        let query = Order::query()
            .with(address.with(Address::USER))
            .order_by(by_count().nulls_last());
        assert_eq!(ids(&query.all(&db).await.unwrap()), [1, 3, 2, 4, 5]);
    }
}

#[tokio::test]
async fn the_join_is_used_once_for_all() {
    let (_test, db, log) = shop().await;
    let query = Order::query()
        .with(Order::ADDRESS.with(Address::USER))
        .filter(Order::ADDRESS.has(Address::USER.has(User::NAME.eq("ben"))))
        .order_by(Order::ADDRESS.order(Address::EMAIL.asc()))
        .limit(1);
    let found = query.all(&db).await.unwrap();
    let address = maybe(Some(address(4, one(plain_user(8)))));
    assert_eq!(
        found,
        [order(2, unlazy::Unloaded, address, unlazy::Unloaded)]
    );
    let sent = log.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].sql.matches("SELECT").count(), 1, "{}", sent[0].sql);
}
