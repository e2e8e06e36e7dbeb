//! The order of parents, and of the targets within each.

use unlazy::{Db, Entity, OrderBy, Unloaded, sql};

use crate::fixture::*;

async fn order_ids(db: &Db, order: impl OrderBy<Order>) -> Vec<i64> {
    let orders = Order::query().order_by(order).all(db).await.unwrap();
    orders.iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn nulls_come_where_they_are_asked_for_and_ties_by_primary_key() {
    let (_test, db, _) = shop().await;
    assert_eq!(order_ids(&db, Order::PRIORITY).await, [4, 1, 5, 2, 3]);
    assert_eq!(
        order_ids(&db, Order::PRIORITY.asc().nulls_first()).await,
        [2, 3, 4, 1, 5]
    );
    assert_eq!(
        order_ids(&db, Order::PRIORITY.desc()).await,
        [2, 3, 1, 5, 4]
    );
    assert_eq!(
        order_ids(&db, Order::PRIORITY.desc().nulls_last()).await,
        [1, 5, 4, 2, 3]
    );
}

#[tokio::test]
async fn several_columns_in_both_directions_within_each_parent() {
    let (_test, db, log) = shop().await;
    let sorted = User::ORDERS
        .order_by(Order::PRIORITY.desc().nulls_last())
        .order_by(Order::ID.desc());
    let users = User::query().with(sorted).all(&db).await.unwrap();
    let expected: [(i64, &[i64]); 4] = [(7, &[5, 1, 3]), (8, &[]), (9, &[4, 2]), (10, &[])];
    let expected = expected.map(|(id, orders)| {
        let orders = many(orders.iter().copied().map(plain_order));
        user(id, Unloaded, orders)
    });
    assert_eq!(users, expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn without_an_order_by_primary_key() {
    let (_test, db, _) = shop().await;
    // So that the rows lie in another order on disk.
    unlazy::execute(sql!("UPDATE addresses SET email = email WHERE id = 2"), &db)
        .await
        .unwrap();
    let ben = User::find(8).with(User::ADDRESSES).one(&db).await.unwrap();
    let ids: Vec<i64> = ben.addresses.iter().map(|address| address.id).collect();
    assert_eq!(ids, [2, 3, 4]);
}

#[tokio::test]
async fn by_a_column_of_a_related_table() {
    let (_test, db, log) = shop().await;
    let by_email = Order::ADDRESS.order(Address::EMAIL.desc().nulls_last());
    for (address, added) in strategies!(Order::ADDRESS) {
        let query = Order::query().order_by(by_email.clone()).with(address);
        let orders = query.all(&db).await.unwrap();
        let expected = [
            (2, Some(4)),
            (4, Some(4)),
            (1, Some(1)),
            (3, Some(1)),
            (5, None),
        ];
        let expected = expected.map(|(id, to)| {
            let to = maybe(to.map(plain_address));
            order(id, Unloaded, to, Unloaded)
        });
        assert_eq!(orders, expected);
        assert_statements(&log, 1 + added);
    }

    let below = User::ORDERS.order_by(Order::ADDRESS.order(Address::EMAIL.desc().nulls_first()));
    let ann = User::find(7).with(below).one(&db).await.unwrap();
    assert_eq!(*ann.orders, [5, 1, 3].map(plain_order));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn by_sql_of_ones_own() {
    let (_test, db, _) = shop().await;
    let by_remainder = || sql!("$1 % $2::int8", Order::ID, 3_i64).desc();
    assert_eq!(order_ids(&db, by_remainder()).await, [2, 5, 1, 4, 3]);
    let query = User::find(7).with(User::ORDERS.order_by(by_remainder()));
    let ann = query.one(&db).await.unwrap();
    assert_eq!(*ann.orders, [5, 1, 3].map(plain_order));
}

#[tokio::test]
async fn many_to_many_targets_by_their_own_columns() {
    let (_test, db, _) = shop().await;
    let items = Order::ITEMS.order_by(Item::NAME.desc());
    let orders = Order::find_many([1, 4]).with(items).all(&db).await.unwrap();
    let expected: [(i64, &[i64]); 2] = [(1, &[3, 2, 1]), (4, &[5, 1])];
    let expected = expected.map(|(id, items)| {
        let items = shared(items.iter().copied().map(plain_item));
        order(id, Unloaded, Unloaded, items)
    });
    assert_eq!(orders, expected);
}

/// Columns named as what the statements call their own tables, columns and keys.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "t1")]
struct Confusing<Up = Unloaded, Down = Unloaded> {
    #[entity(primary_key)]
    n: i64,
    t0: i64,
    k: Option<i64>,
    l: i64,
    #[entity(belongs_to(Confusing, foreign_key = k))]
    up: Up,
    #[entity(has_many(Confusing, foreign_key = k))]
    down: Down,
}

#[tokio::test]
async fn columns_named_as_the_aliases_of_statements() {
    let (_test, db, log) = database(
        "CREATE TABLE t1 (n int8 PRIMARY KEY, t0 int8 NOT NULL, k int8, l int8 NOT NULL);
         INSERT INTO t1 VALUES (1, 3, NULL, 0), (2, 2, 1, 0), (3, 1, 1, 0);",
    )
    .await;
    let plain = |n| Confusing {
        n,
        t0: 4 - n,
        k: (n > 1).then_some(1),
        l: 0,
        up: Unloaded,
        down: Unloaded,
    };
    let full = |n, up: Option<i64>, down: &[i64]| Confusing {
        n,
        t0: 4 - n,
        k: up,
        l: 0,
        up: maybe(up.map(plain)),
        down: many(down.iter().copied().map(plain)),
    };
    for (up, added) in strategies!(Confusing::UP) {
        let found = Confusing::query()
            .filter(Confusing::L.eq(0))
            .order_by(Confusing::T0)
            .with(up)
            .with(
                Confusing::DOWN
                    .order_by(Confusing::T0)
                    .filter(Confusing::L.eq(0)),
            )
            .all(&db)
            .await
            .unwrap();
        let expected = [
            full(3, Some(1), &[]),
            full(2, Some(1), &[]),
            full(1, None, &[3, 2]),
        ];
        assert_eq!(found, expected);
        assert_statements(&log, 2 + added);
    }
}
