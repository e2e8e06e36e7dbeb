//! Loads below loads, and what they cost.

use std::time::Duration;

use unlazy::{Db, Unloaded};

use crate::fixture::*;

#[tokio::test]
async fn each_level_of_collections_is_one_statement() {
    let (_test, db, log) = shop().await;
    User::query().with(User::ORDERS).all(&db).await.unwrap();
    assert_statements(&log, 2);

    let keywords = Order::ITEMS.with(Item::KEYWORDS);
    let query = User::query().with(User::ORDERS.with(keywords));
    let users = query.all(&db).await.unwrap();
    assert_statements(&log, 4);

    let full_item =
        |&(id, keywords): &(i64, &[i64])| item(id, shared(keywords.iter().copied().map(keyword)));
    let full_order = |id, items: &[(i64, &[i64])]| {
        let items = shared(items.iter().map(full_item));
        order(id, Unloaded, Unloaded, items)
    };
    let first_three: [(i64, &[i64]); 3] = [(1, &[2, 4]), (2, &[2, 3]), (3, &[4])];
    assert_eq!(
        users,
        [
            user(
                7,
                Unloaded,
                many([
                    full_order(1, &first_three),
                    full_order(3, &[(3, &[4]), (4, &[]), (5, &[])]),
                    full_order(5, &[]),
                ])
            ),
            user(8, Unloaded, many([])),
            user(
                9,
                Unloaded,
                many([
                    full_order(2, &first_three),
                    full_order(4, &[(1, &[2, 4]), (5, &[])])
                ])
            ),
            user(10, Unloaded, many([])),
        ]
    );
}

#[tokio::test]
async fn a_join_below_collections_adds_no_statement() {
    let (_test, db, log) = shop().await;
    let with_owner = User::ORDERS.with(Order::ADDRESS.selectin().with(Address::USER.joined()));
    let ann = User::find(7).with(with_owner).one(&db).await.unwrap();
    let to = || maybe(Some(address(1, one(plain_user(7)))));
    let orders = [
        order(1, Unloaded, to(), Unloaded),
        order(3, Unloaded, to(), Unloaded),
        order(5, Unloaded, maybe(None), Unloaded),
    ];
    assert_eq!(ann, user(7, Unloaded, many(orders)));
    assert_statements(&log, 3);
}

#[tokio::test]
async fn every_strategy_below_every_other_three_deep() {
    let (_test, db, log) = shop().await;
    for (owner, middle) in strategies!(Address::USER.with(User::ORDERS)) {
        for (to, first) in strategies!(Order::ADDRESS.with(owner.clone())) {
            let query = Order::find_many([1, 2, 5]).with(to);
            let orders_of = |user_id, orders: &[i64]| {
                let orders = orders.iter().copied().map(plain_order);
                one(user(user_id, Unloaded, many(orders)))
            };
            let to_1 = address(1, orders_of(7, &[1, 3, 5]));
            let to_4 = address(4, orders_of(8, &[]));
            assert_eq!(
                query.all(&db).await.unwrap(),
                [
                    order(1, Unloaded, maybe(Some(to_1)), Unloaded),
                    order(2, Unloaded, maybe(Some(to_4)), Unloaded),
                    order(5, Unloaded, maybe(None), Unloaded),
                ]
            );
            assert_statements(&log, 2 + first + middle);
        }
    }
}

#[tokio::test]
async fn siblings_of_which_only_one_goes_deeper() {
    let (_test, db, log) = shop().await;
    for (to, added) in strategies!(Order::ADDRESS) {
        let query = User::find(9)
            .with(User::ADDRESSES)
            .with(User::ORDERS.with(to).with(Order::ITEMS));
        let cleo = query.one(&db).await.unwrap();
        let full = |id, items: &[i64]| {
            let items = shared(items.iter().copied().map(plain_item));
            order(id, Unloaded, maybe(Some(plain_address(4))), items)
        };
        let orders = [full(2, &[1, 2, 3]), full(4, &[1, 5])];
        assert_eq!(cleo, user(9, many([plain_address(5)]), many(orders)));
        assert_statements(&log, 4 + added);
    }
}

#[tokio::test]
async fn nothing_is_sent_below_none_and_empty_lists() {
    let (_test, db, log) = shop().await;
    for (to, _) in strategies!(Order::ADDRESS.with(Address::USER.with(User::ORDERS))) {
        let order_5 = Order::find(5).with(to).one(&db).await.unwrap();
        assert_eq!(order_5, order(5, Unloaded, maybe(None), Unloaded));
        assert_statements(&log, 1);
    }
    let items = User::ORDERS.with(Order::ITEMS.with(Item::KEYWORDS));
    let ben = User::find(8).with(items).one(&db).await.unwrap();
    assert_eq!(ben, user(8, Unloaded, many([])));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn sibling_collections_do_not_multiply_rows() {
    let (_test, db, log) = shop().await;
    let query = User::find(7).with(User::ADDRESSES).with(User::ORDERS);
    let ann = query.one(&db).await.unwrap();
    let orders = [1, 3, 5].map(plain_order);
    assert_eq!(ann, user(7, many([plain_address(1)]), many(orders)));
    assert_eq!(take_rows(&log), [1, 1, 3]);
}

#[tokio::test]
async fn nested_loads_of_a_relation_to_its_own_table() {
    let (_test, db, log) = shop().await;
    let three_levels = Node::CHILDREN.with(Node::CHILDREN.with(Node::CHILDREN));
    let root = Node::find(1).with(three_levels).one(&db).await.unwrap();
    assert_statements(&log, 4);

    fn node<C>(id: i64, parent_id: i64, children: C) -> Node<Unloaded, C> {
        Node {
            id,
            parent_id: (parent_id > 0).then_some(parent_id),
            parent: Unloaded,
            children,
        }
    }
    let left = [
        node(4, 2, many([node(7, 4, Unloaded)])),
        node(5, 2, many([])),
    ];
    let right = [node(6, 3, many([]))];
    let expected = node(
        1,
        0,
        many([node(2, 1, many(left)), node(3, 1, many(right))]),
    );
    assert_eq!(root, expected);
}

#[tokio::test]
async fn a_chain_of_joins_of_a_table_with_itself() {
    let (_test, db, log) = shop().await;
    for (grandparent, added) in strategies!(Node::PARENT) {
        for (parent, more) in strategies!(Node::PARENT.with(grandparent.clone())) {
            let query = Node::find_many([1, 2, 7]).with(parent);
            let nodes = query.all(&db).await.unwrap();
            let chains: Vec<Vec<i64>> = nodes
                .iter()
                .map(|node| {
                    let parent = node.parent.as_ref();
                    let grandparent = parent.and_then(|parent| parent.parent.as_ref());
                    let ids = [parent.map(|p| p.id), grandparent.map(|g| g.id)];
                    ids.into_iter().flatten().collect()
                })
                .collect();
            assert_eq!(chains, [vec![], vec![1], vec![4, 2]]);
            assert_statements(&log, 1 + added + more);
        }
    }
}

#[tokio::test]
async fn round_trips_are_levels_not_statements() {
    let (test, _, _) = shop().await;
    let proxy = test.proxy(Duration::from_millis(5)).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();

    let siblings = Order::query()
        .with(Order::USER.selectin())
        .with(Order::ADDRESS.selectin())
        .with(Order::ITEMS);
    let deep = User::query().with(User::ORDERS.with(Order::ITEMS.with(Item::KEYWORDS)));
    let both = User::query().with(User::ADDRESSES).with(
        User::ORDERS
            .with(Order::ITEMS)
            .with(Order::ADDRESS.selectin()),
    );
    let joined = Order::query()
        .with(Order::USER)
        .with(Order::ADDRESS.with(Address::USER));

    // Statements are prepared once for each connection.
    siblings.clone().all(&db).await.unwrap();
    deep.clone().all(&db).await.unwrap();
    both.clone().all(&db).await.unwrap();
    joined.clone().all(&db).await.unwrap();

    proxy.reset();
    siblings.clone().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 2);

    proxy.reset();
    deep.clone().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 4);

    proxy.reset();
    both.clone().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 3);

    proxy.reset();
    joined.clone().all(&db).await.unwrap();
    assert_eq!(proxy.round_trips(), 1);
}

#[tokio::test]
async fn to_one_relations_in_every_combination_three_deep() {
    let (_test, db, log) = shop().await;
    for (top, first) in strategies!(Node::PARENT) {
        for (middle, second) in strategies!(Node::PARENT.with(top.clone())) {
            for (bottom, third) in strategies!(Node::PARENT.with(middle.clone())) {
                let query = Node::find_many([1, 2, 4, 7]).with(bottom);
                let nodes = query.all(&db).await.unwrap();
                let ancestors = |node: usize| {
                    let one = nodes[node].parent.as_ref();
                    let two = one.and_then(|node| node.parent.as_ref());
                    let three = two.and_then(|node| node.parent.as_ref());
                    [one.map(|n| n.id), two.map(|n| n.id), three.map(|n| n.id)]
                };
                assert_eq!(ancestors(0), [None, None, None]);
                assert_eq!(ancestors(1), [Some(1), None, None]);
                assert_eq!(ancestors(2), [Some(2), Some(1), None]);
                assert_eq!(ancestors(3), [Some(4), Some(2), Some(1)]);
                assert_statements(&log, 1 + first + second + third);
            }
        }
    }
}

#[tokio::test]
async fn to_one_relations_in_every_combination_between_collections() {
    let (_test, db, log) = shop().await;
    for (owner, added) in strategies!(Address::USER.with(User::ADDRESSES)) {
        for (to, more) in strategies!(Order::ADDRESS.with(owner.clone())) {
            let orders = User::ORDERS.with(to).with(Order::ITEMS);
            let cleo = User::find(9).with(orders).one(&db).await.unwrap();
            let owner = || user(8, many([2, 3, 4].map(plain_address)), Unloaded);
            let to = || maybe(Some(address(4, one(owner()))));
            let items = |ids: &[i64]| shared(ids.iter().copied().map(plain_item));
            let orders = [
                order(2, Unloaded, to(), items(&[1, 2, 3])),
                order(4, Unloaded, to(), items(&[1, 5])),
            ];
            assert_eq!(cleo, user(9, Unloaded, many(orders)));
            assert_statements(&log, 4 + added + more);
        }
    }
}

#[tokio::test]
async fn to_one_relations_below_many_to_many_in_every_combination() {
    let (_test, db, log) = shop().await;
    for (customer, added) in strategies!(Order::USER) {
        for (to, more) in strategies!(Order::ADDRESS) {
            let orders = Item::ORDERS.with(customer.clone()).with(to);
            let found = Item::find(5).with(orders).one(&db).await.unwrap();
            let full = |id, user_id, to| {
                let to = maybe(Some(plain_address(to)));
                order(id, one(plain_user(user_id)), to, Unloaded)
            };
            assert_eq!(found.orders, shared([full(3, 7, 1), full(4, 9, 4)]));
            assert_statements(&log, 2 + added + more);
        }
    }
}
