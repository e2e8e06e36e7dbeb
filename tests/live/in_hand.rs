//! Loading relations onto values that the program has, and forgetting them.

use std::sync::Arc;

use unlazy::{HasLoaded, Loaded, MaybeLoaded, Record, Unloaded, loaded, relation};

use crate::fixture::*;

#[tokio::test]
async fn onto_one_a_vec_a_slice_and_an_option() {
    let (_test, db, log) = shop().await;
    let ann = User::ORDERS.load(plain_user(7), &db).await.unwrap();
    let anns_orders = || many([1, 3, 5].map(plain_order));
    assert_eq!(ann, user(7, Unloaded, anns_orders()));
    assert_statements(&log, 1);

    let bare = vec![plain_user(7), plain_user(8)];
    let expected = [
        user(7, Unloaded, anns_orders()),
        user(8, Unloaded, many([])),
    ];
    assert_eq!(User::ORDERS.load(&bare, &db).await.unwrap(), expected);
    assert_eq!(User::ORDERS.load(&bare[..], &db).await.unwrap(), expected);
    assert_eq!(User::ORDERS.load(bare, &db).await.unwrap(), expected);
    assert_statements(&log, 3);

    let some = User::ORDERS.load(Some(plain_user(7)), &db).await.unwrap();
    assert_eq!(some.as_ref(), Some(&expected[0]));
    let none = User::ORDERS.load(None::<User>, &db).await.unwrap();
    assert_eq!(none, None);
    let nobody = User::ORDERS.load(Vec::<User>::new(), &db).await.unwrap();
    assert_eq!(nobody, []);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn a_second_relation_keeps_the_first() {
    let (_test, db, log) = shop().await;
    let users = User::query().with(User::ADDRESSES).all(&db).await.unwrap();
    log.take();
    let users = User::ORDERS
        .filter(Order::PRIORITY.is_not_null())
        .with(Order::ADDRESS)
        .load(users, &db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let expected = User::query()
        .with(
            User::ORDERS
                .filter(Order::PRIORITY.is_not_null())
                .with(Order::ADDRESS),
        )
        .with(User::ADDRESSES);
    assert_eq!(users, expected.all(&db).await.unwrap());
}

#[tokio::test]
async fn duplicates_are_all_filled_and_the_order_is_kept() {
    let (_test, db, log) = shop().await;
    let ids = [9, 7, 9, 10, 7];
    let users = User::ORDERS
        .load(ids.map(plain_user).to_vec(), &db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let expected = ids.map(|id| {
        let orders: &[i64] = match id {
            7 => &[1, 3, 5],
            9 => &[2, 4],
            _ => &[],
        };
        user(id, Unloaded, many(orders.iter().copied().map(plain_order)))
    });
    assert_eq!(users, expected);
}

#[tokio::test]
async fn to_one_and_many_to_many() {
    let (_test, db, log) = shop().await;
    let orders = Order::query().all(&db).await.unwrap();
    log.take();
    let orders = Order::ADDRESS.load(orders, &db).await.unwrap();
    let orders = Order::USER.load(orders, &db).await.unwrap();
    let orders = Order::ITEMS.load(orders, &db).await.unwrap();
    assert_statements(&log, 3);
    let expected = Order::query()
        .with(Order::USER)
        .with(Order::ADDRESS)
        .with(Order::ITEMS);
    assert_eq!(orders, expected.all(&db).await.unwrap());
    // A shared target is one, as it is when the query loads it.
    assert!(Arc::ptr_eq(&orders[0].user, &orders[2].user));
}

#[tokio::test]
async fn nothing_is_sent_for_null_keys() {
    let (_test, db, log) = shop().await;
    let order_5 = Order::ADDRESS.load(plain_order(5), &db).await.unwrap();
    assert_eq!(order_5, order(5, Unloaded, maybe(None), Unloaded));
    assert_statements(&log, 0);
}

#[tokio::test]
async fn below_what_is_loaded_in_one_batch() {
    let (_test, db, log) = shop().await;
    let users = User::query().with(User::ORDERS).all(&db).await.unwrap();
    log.take();
    let users = User::ORDERS
        .below(Order::ITEMS)
        .load(users, &db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let users = User::ORDERS
        .below(Order::ITEMS.below(Item::KEYWORDS))
        .load(users, &db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let expected = User::query().with(User::ORDERS.with(Order::ITEMS.with(Item::KEYWORDS)));
    assert_eq!(users, expected.all(&db).await.unwrap());
    // Item 1 is in three orders, and still one.
    let item = |order: usize, user: usize| &users[user].orders[order].items[0];
    assert!(Arc::ptr_eq(item(0, 0), item(0, 2)));
}

#[tokio::test]
async fn below_a_to_one_and_below_none() {
    let (_test, db, log) = shop().await;
    let orders = Order::query().with(Order::ADDRESS).all(&db).await.unwrap();
    let others = Arc::clone(orders[0].address.as_ref().unwrap());
    log.take();
    let orders = Order::ADDRESS
        .below(Address::USER)
        .load(orders, &db)
        .await
        .unwrap();
    assert_statements(&log, 1);
    let expected = Order::query().with(Order::ADDRESS.with(Address::USER));
    assert_eq!(orders, expected.all(&db).await.unwrap());
    assert_eq!(*others, plain_address(1));
    log.take();
    let order_5 = Order::find(5).with(Order::ADDRESS).one(&db).await.unwrap();
    log.take();
    let order_5 = Order::ADDRESS
        .below(Address::USER)
        .load(order_5, &db)
        .await
        .unwrap();
    assert_eq!(order_5.address.as_ref(), None);
    assert_statements(&log, 0);
}

#[tokio::test]
async fn onto_what_a_relation_holds() {
    let (_test, db, log) = shop().await;
    let ann = User::find(7).with(User::ORDERS).one(&db).await.unwrap();
    log.take();
    let orders: Loaded<Vec<loaded!(Order { items })>> =
        Order::ITEMS.load(ann.orders, &db).await.unwrap();
    assert_eq!(orders[0].items.len(), 3);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn forgetting_one_relation_keeps_the_others() {
    let (_test, db, _) = shop().await;
    let query = User::query().with(User::ORDERS).with(User::ADDRESSES);
    let users = query.all(&db).await.unwrap();
    let users: Vec<loaded!(User { orders })> = User::ADDRESSES.forget(users);
    let expected = User::query().with(User::ORDERS).all(&db).await.unwrap();
    assert_eq!(users, expected);
    let bare: Vec<User> = users.into_iter().map(Record::into_bare).collect();
    assert_eq!(bare, [7, 8, 9, 10].map(plain_user));

    let reloaded = User::ORDERS
        .load(User::ORDERS.forget(expected.clone()), &db)
        .await
        .unwrap();
    assert_eq!(reloaded, expected);
}

#[tokio::test]
async fn a_load_on_a_condition_has_to_be_matched() {
    let (_test, db, log) = shop().await;
    for wanted in [true, false] {
        for query in [User::query(), User::query().pipelined()] {
            let users: Vec<loaded!(User { orders? { items }, addresses })> = query
                .with_if(wanted, User::ORDERS.with(Order::ITEMS))
                .with(User::ADDRESSES)
                .order_by(User::ID)
                .all(&db)
                .await
                .unwrap();
            assert_eq!(users[1].addresses.len(), 3);
            match &users[0].orders {
                MaybeLoaded::Yes(orders) if wanted => assert_eq!(orders[0].items.len(), 3),
                MaybeLoaded::No if !wanted => {}
                other => panic!("{other:?}"),
            }
        }
        let begin_and_commit = 2;
        assert_statements(&log, if wanted { 8 } else { 4 } + begin_and_commit);
    }
}

#[tokio::test]
async fn conditions_below_and_over_joins() {
    let (_test, db, log) = shop().await;
    for wanted in [true, false] {
        let orders = Order::query()
            .with_if(wanted, Order::USER)
            .with(Order::ADDRESS.with_if(wanted, Address::USER))
            .all(&db)
            .await
            .unwrap();
        assert_statements(&log, 1);
        assert_eq!(orders[0].user.is_loaded(), wanted);
        let address = orders[0].address.as_ref().unwrap();
        let owner = address.user.as_ref().loaded().map(|user| user.id);
        assert_eq!(owner, wanted.then_some(7));
        assert_eq!(orders[4].address.as_ref(), None);
    }
}

fn number_of_orders(user: &impl HasLoaded<relation!(User::orders)>) -> usize {
    User::ORDERS.of(user).len()
}

/// The orders with whatever is loaded below them.
fn order_ids<I, T>(user: &User<T, Loaded<Vec<Order<Unloaded, Unloaded, I>>>>) -> Vec<i64> {
    user.orders.iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn functions_over_shapes() {
    let (_test, db, _) = shop().await;
    let some = User::find(7).with(User::ORDERS).one(&db).await.unwrap();
    let more = User::find(7)
        .with(User::ORDERS)
        .with(User::ADDRESSES)
        .one(&db)
        .await
        .unwrap();
    assert_eq!(number_of_orders(&some), 3);
    assert_eq!(number_of_orders(&more), 3);
    let deep = User::find(7)
        .with(User::ORDERS.with(Order::ITEMS))
        .one(&db)
        .await
        .unwrap();
    assert_eq!(order_ids(&some), order_ids(&deep));
    assert_eq!(order_ids(&more), [1, 3, 5]);
}
