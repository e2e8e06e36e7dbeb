//! So many targets of each parent.

use unlazy::{Db, Load, Loads, Relation, StatementLog, Unloaded};

use crate::fixture::*;

type Posts<L = <Order as unlazy::Entity>::Loads> = Load<OrdersOfUser, L>;
type OrdersOfUser = unlazy::relation!(User::orders);

/// What is loaded with a limit is what is loaded without, cut: by levels, pipelined, and onto values in hand.
async fn is_cut<L>(load: Posts<L>, offset: usize, limit: usize, db: &Db, log: &StatementLog)
where
    L: Loads<Order>,
    L::Value: PartialEq + std::fmt::Debug + Clone,
{
    let all = User::query().with(load.clone()).all(db).await.unwrap();
    let cut = load
        .offset_per_parent(offset as u64)
        .limit_per_parent(limit as u32);
    let expected: Vec<_> = all
        .into_iter()
        .map(|mut user| {
            let targets = user.orders.iter().skip(offset).take(limit);
            *user.orders = targets.cloned().collect();
            user
        })
        .collect();
    let query = User::query().with(cut.clone());
    assert_eq!(query.clone().all(db).await.unwrap(), expected);
    assert_eq!(query.pipelined().all(db).await.unwrap(), expected);
    assert_eq!(log.notes(), [""; 0]);
    let bare = User::query().all(db).await.unwrap();
    assert_eq!(cut.load(bare, db).await.unwrap(), expected);
}

#[tokio::test]
async fn more_equal_fewer_and_zero_rows_with_offset_and_ties() {
    let (_test, db, log) = shop().await;
    for (offset, limit) in [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 9),
        (1, 1),
        (1, 5),
        (3, 1),
        (0, 0),
    ] {
        is_cut(User::ORDERS.selectin(), offset, limit, &db, &log).await;
        // Orders 1 and 5 of user 7 have the same priority.
        let tied = User::ORDERS.order_by(Order::PRIORITY.desc().nulls_last());
        is_cut(tied, offset, limit, &db, &log).await;
        let filtered = User::ORDERS.filter(Order::ADDRESS.exists());
        is_cut(filtered, offset, limit, &db, &log).await;
        let by_related = User::ORDERS.order_by(Order::ADDRESS.order(Address::EMAIL.desc()));
        is_cut(by_related, offset, limit, &db, &log).await;
        let nested = User::ORDERS
            .order_by(Order::ID.desc())
            .with(Order::ITEMS.with(Item::KEYWORDS))
            .with(Order::ADDRESS.with(Address::USER));
        is_cut(nested, offset, limit, &db, &log).await;
    }
}

#[tokio::test]
async fn the_latest_of_each() {
    let (_test, db, log) = shop().await;
    let latest = User::ORDERS.order_by(Order::ID.desc()).limit_per_parent(1);
    let users = User::query().with(latest).all(&db).await.unwrap();
    assert_statements(&log, 2);
    let expected = [
        user(7, Unloaded, many([plain_order(5)])),
        user(8, Unloaded, many([])),
        user(9, Unloaded, many([plain_order(4)])),
        user(10, Unloaded, many([])),
    ];
    assert_eq!(users, expected);
}

#[tokio::test]
async fn limits_on_every_level() {
    let (_test, db, _) = shop().await;
    let query = User::query().with(
        User::ORDERS.limit_per_parent(2).with(
            Order::ITEMS
                .order_by_link(OrderItem::QUANTITY.desc())
                .limit_per_parent(2),
        ),
    );
    let by_levels = query.clone().all(&db).await.unwrap();
    let items: Vec<Vec<i64>> = by_levels[0]
        .orders
        .iter()
        .map(|order| order.items.iter().map(|item| item.id).collect())
        .collect();
    assert_eq!(items, [vec![1, 2], vec![4, 3]]);
    assert_eq!(query.pipelined().all(&db).await.unwrap(), by_levels);
}

#[tokio::test]
async fn of_links_and_their_columns() {
    let (_test, db, _) = shop().await;
    let few = Order::ITEMS
        .filter_link(OrderItem::QUANTITY.lt(9))
        .order_by_link(OrderItem::QUANTITY.desc())
        .limit_per_parent(1)
        .offset_per_parent(1);
    let query = Order::query().with(few.with(Item::KEYWORDS.limit_per_parent(1)));
    let by_levels = query.clone().all(&db).await.unwrap();
    let ids: Vec<Vec<(i64, usize)>> = by_levels
        .iter()
        .map(|order| {
            order
                .items
                .iter()
                .map(|item| (item.id, item.keywords.len()))
                .collect()
        })
        .collect();
    assert_eq!(
        ids,
        [
            vec![(2, 1)],
            vec![(2, 1)],
            vec![(5, 0)],
            vec![(5, 0)],
            vec![]
        ]
    );
    assert_eq!(query.pipelined().all(&db).await.unwrap(), by_levels);
}

#[test]
fn the_relation_is_named() {
    assert_eq!(OrdersOfUser::DEF.to_string(), "User.orders");
}
