//! What holds for every load, shown with `has_many`.

use std::slice;

use unlazy::{Db, Entity, Loaded, Loads, Query, Unloaded, sql};

use crate::fixture::*;

type UserWithAddresses = User<Loaded<Vec<Address>>>;

fn with_addresses(id: i64, addresses: &[i64]) -> UserWithAddresses {
    let addresses = many(addresses.iter().copied().map(plain_address));
    user(id, addresses, Unloaded)
}

#[tokio::test]
async fn parents_without_children_have_an_empty_list() {
    let (_test, db, log) = shop().await;
    let users = User::query().with(User::ADDRESSES).all(&db).await.unwrap();
    assert_eq!(
        users,
        [
            with_addresses(7, &[1]),
            with_addresses(8, &[2, 3, 4]),
            with_addresses(9, &[5]),
            with_addresses(10, &[]),
        ]
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn every_source_of_parents_can_be_loaded_from() {
    let (_test, db, log) = shop().await;
    let expected = with_addresses(8, &[2, 3, 4]);

    let found = User::find(8).with(User::ADDRESSES).one(&db).await;
    assert_eq!(found.unwrap(), expected);
    assert_statements(&log, 2);

    let found = User::find_many([8, 8, 99])
        .with(User::ADDRESSES)
        .all(&db)
        .await;
    assert_eq!(found.unwrap(), slice::from_ref(&expected));
    assert_statements(&log, 2);

    let filtered = User::query().filter(User::NAME.eq("ben"));
    let found = filtered.with(User::ADDRESSES).first(&db).await;
    assert_eq!(found.unwrap(), Some(expected.clone()));
    assert_statements(&log, 2);

    let written = User::from_sql(sql!("SELECT name, id FROM users WHERE id = $1", 8_i64));
    let found = written.with(User::ADDRESSES).all(&db).await;
    assert_eq!(found.unwrap(), [expected]);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn without_parents_no_children_are_asked_for() {
    let (_test, db, log) = shop().await;
    let nobody = User::query().filter(User::ID.lt(0));
    let query = nobody.with(User::ADDRESSES).with(User::ORDERS);
    assert_eq!(query.clone().all(&db).await.unwrap(), []);
    assert_statements(&log, 1);
    assert_eq!(query.clone().first(&db).await.unwrap(), None);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn only_childless_parents_cost_one_statement_for_the_children() {
    let (_test, db, log) = shop().await;
    let nested = User::ORDERS.with(Order::ITEMS).with(Order::ADDRESS);
    let dan = User::find(10).with(nested).one(&db).await.unwrap();
    assert_eq!(dan, user(10, Unloaded, many([])));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn interleaved_children_land_with_their_own_parent() {
    let (_test, db, log) = shop().await;
    // By priority the orders of 7 and 9 alternate.
    let orders = User::ORDERS.order_by(Order::PRIORITY.asc().nulls_first());
    let users = User::query()
        .with(orders)
        .order_by(User::ID.desc())
        .all(&db)
        .await
        .unwrap();
    let with_orders = |id, orders: &[i64]| {
        let orders = many(orders.iter().copied().map(plain_order));
        user(id, Unloaded, orders)
    };
    assert_eq!(
        users,
        [
            with_orders(10, &[]),
            with_orders(9, &[2, 4]),
            with_orders(8, &[]),
            with_orders(7, &[3, 1, 5]),
        ]
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn loads_change_neither_number_nor_order_of_the_parents() {
    let (_test, db, _) = shop().await;
    async fn ids<E, L>(query: &Query<E, L>, db: &Db, id: fn(&L::Value) -> i64) -> Vec<i64>
    where
        E: Entity,
        L: Loads<E>,
    {
        query
            .clone()
            .all(db)
            .await
            .unwrap()
            .iter()
            .map(id)
            .collect()
    }
    for query in [
        User::query(),
        User::query().order_by(User::NAME.desc()),
        User::query().order_by(User::NAME.desc()).offset(1).limit(2),
        User::from_sql(sql!(
            "SELECT * FROM users UNION ALL SELECT * FROM users WHERE id > 8 ORDER BY name DESC"
        )),
    ] {
        let bare = ids(&query, &db, |user| user.id).await;
        let loaded = query
            .with(User::ORDERS.with(Order::ADDRESS).with(Order::USER))
            .with(User::ADDRESSES.filter(Address::ID.eq(2)));
        assert_eq!(ids(&loaded, &db, |user| user.id).await, bare);
    }
    for query in [
        Order::query(),
        Order::query().order_by(Order::PRIORITY.desc()),
        Order::query().order_by(Order::ADDRESS.order(Address::EMAIL)),
        Order::query().order_by(Order::PRIORITY).offset(1).limit(3),
        Order::from_sql(sql!(
            "SELECT * FROM orders UNION ALL SELECT * FROM orders WHERE id > 3 ORDER BY id DESC"
        )),
    ] {
        let bare = ids(&query, &db, |order| order.id).await;
        for (to, _) in strategies!(Order::ADDRESS) {
            for (customer, _) in strategies!(Order::USER) {
                let loaded = query.clone().with(to.clone()).with(customer);
                let loaded = loaded.with(Order::ITEMS.filter(Item::ID.eq(1)));
                assert_eq!(ids(&loaded, &db, |order| order.id).await, bare);
            }
        }
    }
}

#[tokio::test]
async fn sql_of_ones_own_keeps_its_order_and_its_duplicates() {
    let (_test, db, log) = shop().await;
    let twice = User::from_sql(sql!(
        "SELECT users.* FROM users JOIN unnest($1::int8[]) WITH ORDINALITY AS wanted(id, n) USING (id) ORDER BY n",
        vec![9_i64, 8, 9, 10],
    ));
    let users = twice.with(User::ADDRESSES).all(&db).await.unwrap();
    assert_eq!(
        users,
        [
            with_addresses(9, &[5]),
            with_addresses(8, &[2, 3, 4]),
            with_addresses(9, &[5]),
            with_addresses(10, &[]),
        ]
    );
    assert_statements(&log, 2);

    let orders = Order::from_sql(sql!(
        "SELECT o.* FROM orders AS o, generate_series(1, 2) ORDER BY o.id DESC"
    ));
    for (address, added) in strategies!(Order::ADDRESS) {
        let orders = orders.clone().with(address).limit(4).all(&db).await;
        let expected = [(5, None), (5, None), (4, Some(4)), (4, Some(4))];
        let expected = expected.map(|(id, address)| {
            let address = maybe(address.map(plain_address));
            order(id, Unloaded, address, Unloaded)
        });
        assert_eq!(orders.unwrap(), expected);
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn sql_of_ones_own_can_be_narrowed_and_ordered() {
    let (_test, db, log) = shop().await;
    let users = User::from_sql(sql!("SELECT * FROM users WHERE id <> $1", 8_i64))
        .filter(User::ID.lt(10))
        .order_by(User::NAME.desc())
        .limit(1)
        .with(User::ADDRESSES)
        .all(&db)
        .await;
    assert_eq!(users.unwrap(), [with_addresses(9, &[5])]);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_filtered_load_keeps_its_parents() {
    let (_test, db, log) = shop().await;
    let at_a = User::ADDRESSES.filter(Address::EMAIL.ends_with("@a.org"));
    let users = User::query().with(at_a).all(&db).await.unwrap();
    assert_eq!(
        users,
        [
            with_addresses(7, &[1]),
            with_addresses(8, &[3]),
            with_addresses(9, &[5]),
            with_addresses(10, &[]),
        ]
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_filter_of_the_parents_leaves_the_loaded_lists_complete() {
    let (_test, db, log) = shop().await;
    let has_b = User::ADDRESSES.any(Address::EMAIL.ends_with("@b.org"));
    let query = User::query().filter(has_b).with(User::ADDRESSES);
    assert_eq!(
        query.clone().all(&db).await.unwrap(),
        [with_addresses(8, &[2, 3, 4])]
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_filter_at_the_second_level_only() {
    let (_test, db, log) = shop().await;
    let items = Order::ITEMS.filter(Item::ID.gt(3));
    let users = User::query()
        .with(User::ORDERS.with(items))
        .all(&db)
        .await
        .unwrap();
    let with_items = |id, items: &[i64]| {
        let items = shared(items.iter().copied().map(plain_item));
        order(id, Unloaded, Unloaded, items)
    };
    assert_eq!(
        users,
        [
            user(
                7,
                Unloaded,
                many([
                    with_items(1, &[]),
                    with_items(3, &[4, 5]),
                    with_items(5, &[])
                ])
            ),
            user(8, Unloaded, many([])),
            user(9, Unloaded, many([with_items(2, &[]), with_items(4, &[5])])),
            user(10, Unloaded, many([])),
        ]
    );
    assert_statements(&log, 3);
}

#[tokio::test]
async fn limits_count_parents_and_only_the_children_of_the_page_are_fetched() {
    let (_test, db, log) = shop().await;
    let page = User::query()
        .with(User::ADDRESSES)
        .order_by(User::ID.desc())
        .limit(2)
        .offset(1);
    assert_eq!(
        page.all(&db).await.unwrap(),
        [with_addresses(9, &[5]), with_addresses(8, &[2, 3, 4])]
    );
    assert_eq!(take_rows(&log), [2, 4]);
}

#[tokio::test]
async fn a_query_can_be_run_again_and_sees_what_has_changed() {
    let (_test, db, log) = shop().await;
    let query = User::find(9).with(User::ADDRESSES);
    assert_eq!(
        query.clone().one(&db).await.unwrap(),
        with_addresses(9, &[5])
    );
    Address::delete()
        .filter(Address::ID.eq(5))
        .execute(&db)
        .await
        .unwrap();
    log.take();
    assert_eq!(
        query.clone().one(&db).await.unwrap(),
        with_addresses(9, &[])
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn values_bind_afresh_on_each_run() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    for (id, expected) in [(2, vec![2]), (3, vec![3]), (99, vec![])] {
        let addresses = User::ADDRESSES.filter(Address::ID.eq(id));
        let ben = User::find(8).with(addresses).one(&db).await.unwrap();
        assert_eq!(ben, with_addresses(8, &expected));
    }
}

#[tokio::test]
async fn limits_count_parents_whatever_is_joined() {
    let (_test, db, log) = shop().await;
    for (to, added) in strategies!(Order::ADDRESS) {
        for (customer, more) in strategies!(Order::USER) {
            let page = Order::query()
                .with(to.clone())
                .with(customer)
                .with(Order::ITEMS)
                .order_by(Order::ID.desc())
                .limit(2)
                .offset(1);
            let full = |id, user_id, to, items: &[i64]| {
                let items = shared(items.iter().copied().map(plain_item));
                order(
                    id,
                    one(plain_user(user_id)),
                    maybe(Some(plain_address(to))),
                    items,
                )
            };
            let expected = [full(4, 9, 4, &[1, 5]), full(3, 7, 1, &[3, 4, 5])];
            assert_eq!(page.all(&db).await.unwrap(), expected);
            let rows = take_rows(&log);
            // Two targets for each relation, five items, and no row of another page.
            let mut expected = vec![2; 1 + added + more];
            expected.push(5);
            let (mut sorted, first) = (rows.clone(), rows[0]);
            sorted.sort_unstable();
            assert_eq!((first, sorted), (2, expected));
        }
    }
}

/// What `GROUP BY` makes of orders: rows of no table.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "order_counts", view)]
struct OrderCount<Buyer = Unloaded, Places = Unloaded, Orders = Unloaded> {
    #[entity(primary_key)]
    user_id: i64,
    orders_count: i64,
    last_address_id: Option<i64>,
    #[entity(belongs_to(User, foreign_key = user_id))]
    user: Buyer,
    #[entity(belongs_to(Address, foreign_key = last_address_id))]
    last_address: Places,
    #[entity(has_many(Order, foreign_key = user_id))]
    orders: Orders,
}

#[tokio::test]
async fn distinct_rows_have_their_targets_loaded() {
    let (_test, db, log) = shop().await;
    // The last order of each user, and orders that a plain join would repeat for each item.
    let last = Order::from_sql(sql!(
        "SELECT DISTINCT ON (user_id) * FROM orders ORDER BY user_id, id DESC"
    ));
    let big = Order::from_sql(sql!(
        "SELECT DISTINCT o.* FROM orders AS o JOIN order_items AS i ON i.order_id = o.id WHERE i.quantity < $1",
        3
    ));
    let full = |id, to: Option<i64>, items: &[i64]| {
        let items = shared(items.iter().copied().map(plain_item));
        order(id, Unloaded, maybe(to.map(plain_address)), items)
    };
    for (to, added) in strategies!(Order::ADDRESS) {
        let orders = last.clone().with(to.clone()).with(Order::ITEMS);
        let expected = [full(5, None, &[]), full(4, Some(4), &[1, 5])];
        assert_eq!(orders.all(&db).await.unwrap(), expected);

        let orders = big.clone().with(to).with(Order::ITEMS);
        let orders = orders.order_by(Order::ID.desc()).limit(3).all(&db).await;
        let expected = [
            full(4, Some(4), &[1, 5]),
            full(3, Some(1), &[3, 4, 5]),
            full(2, Some(4), &[1, 2, 3]),
        ];
        assert_eq!(orders.unwrap(), expected);
        assert_statements(&log, 2 * (2 + added));
    }
}

#[tokio::test]
async fn grouped_rows_have_their_targets_loaded() {
    let (_test, db, log) = shop().await;
    let counts = OrderCount::from_sql(sql!(
        "SELECT user_id, count(*) AS orders_count, (array_agg(address_id ORDER BY id DESC))[1] AS last_address_id
         FROM orders GROUP BY user_id HAVING count(*) >= $1 ORDER BY user_id DESC",
        2
    ));
    for (buyer, added) in strategies!(OrderCount::USER) {
        for (place, more) in strategies!(OrderCount::LAST_ADDRESS) {
            let query = counts.clone().with(buyer.clone()).with(place);
            let query = query.with(OrderCount::ORDERS);
            let expected = [(9, Some(4), vec![2, 4]), (7, None, vec![1, 3, 5])];
            let expected = expected.map(|(user_id, last_address_id, orders)| OrderCount {
                user_id,
                orders_count: orders.len() as i64,
                last_address_id,
                user: one(plain_user(user_id)),
                last_address: maybe(last_address_id.map(plain_address)),
                orders: many(orders.into_iter().map(plain_order)),
            });
            assert_eq!(query.clone().all(&db).await.unwrap(), expected);
            let few = query.filter(OrderCount::ORDERS_COUNT.lt(3));
            assert_eq!(few.all(&db).await.unwrap(), expected[..1]);
            assert_statements(&log, 2 * (2 + added + more));
        }
    }
}
