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

#[tokio::test]
async fn without_an_order_by_every_column_of_a_composite_primary_key() {
    #[derive(Entity, Debug)]
    #[entity(table = "users")]
    struct Person<Visits = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        #[entity(has_many(Visit, foreign_key = user_id))]
        visits: Visits,
    }

    #[derive(Entity, Debug)]
    #[entity(table = "visits")]
    struct Visit {
        #[entity(primary_key)]
        place: String,
        #[entity(primary_key)]
        day: i32,
        user_id: i64,
    }

    let (_test, db, _) = shop().await;
    db.batch_execute(
        "CREATE TABLE visits (day int4, place text, user_id int8 NOT NULL, PRIMARY KEY (place, day));
         INSERT INTO visits VALUES (2, 'b', 7), (1, 'a', 8), (3, 'a', 7), (1, 'b', 7), (2, 'a', 7)",
    )
    .await
    .unwrap();
    let visits_of = |person: &Person<unlazy::Loaded<Vec<Visit>>>| -> Vec<(String, i32)> {
        let visits = person.visits.iter();
        visits.map(|v| (v.place.clone(), v.day)).collect()
    };
    let in_order = |visits: [(&str, i32); 4]| visits.map(|(place, day)| (place.to_owned(), day));

    let query = Person::find(7).with(Person::VISITS);
    let ann = query.one(&db).await.unwrap();
    assert_eq!((ann.id, ann.visits[0].user_id), (7, 7));
    assert_eq!(
        visits_of(&ann),
        in_order([("a", 2), ("a", 3), ("b", 1), ("b", 2)])
    );

    let query = Person::find(7).with(Person::VISITS.order_by(Visit::DAY.desc()));
    let ann = query.one(&db).await.unwrap();
    assert_eq!(
        visits_of(&ann),
        in_order([("a", 3), ("a", 2), ("b", 2), ("b", 1)])
    );
}

/// Tables and columns named as what the statements of links and composite keys call their own.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "k")]
struct Tangled<Out = Unloaded, One = Unloaded> {
    #[entity(primary_key)]
    c0: i64,
    #[entity(primary_key)]
    n: i64,
    q: Option<i64>,
    #[entity(many_to_many(Tangled, through = Tangle((t0, t1), (c0, n))))]
    out: Out,
    #[entity(has_one(Tangled, foreign_key = (q, n)))]
    one: One,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "l")]
struct Tangle {
    #[entity(primary_key)]
    t0: i64,
    #[entity(primary_key)]
    t1: i64,
    #[entity(primary_key)]
    c0: i64,
    #[entity(primary_key)]
    n: i64,
}

#[tokio::test]
async fn tables_named_as_the_aliases_of_statements() {
    let (_test, db, log) = database(
        "CREATE TABLE k (c0 int8, n int8, q int8, PRIMARY KEY (c0, n));
         INSERT INTO k VALUES (1, 5, NULL), (2, 5, 1), (3, 5, 2);
         CREATE TABLE l (t0 int8, t1 int8, c0 int8, n int8, PRIMARY KEY (t0, t1, c0, n));
         INSERT INTO l VALUES (1, 5, 2, 5), (1, 5, 3, 5), (3, 5, 1, 5);",
    )
    .await;
    let plain = |c0| Tangled {
        c0,
        n: 5,
        q: (c0 > 1).then_some(c0 - 1),
        out: Unloaded,
        one: Unloaded,
    };
    let full = |c0, out: &[i64], next: Option<i64>| Tangled {
        c0,
        n: 5,
        q: (c0 > 1).then_some(c0 - 1),
        out: shared(out.iter().copied().map(plain)),
        one: unlazy::Loaded::new(next.map(plain)),
    };
    // Nothing declares that there is only one row, so it is not joined unless that is asked for.
    let added = [1, 0, 1];
    for ((one, _), added) in strategies!(Tangled::ONE).into_iter().zip(added) {
        let out = Tangled::OUT
            .filter(Tangled::N.eq(5))
            .filter_link(Tangle::N.eq(5))
            .order_by_link(Tangle::C0.desc())
            .order_by(Tangled::C0);
        let found = Tangled::query()
            .filter(Tangled::N.eq(5))
            .order_by(Tangled::Q.asc().nulls_last())
            .with(one)
            .with(out)
            .all(&db)
            .await
            .unwrap();
        let expected = [
            full(2, &[], Some(3)),
            full(3, &[1], None),
            full(1, &[3, 2], Some(2)),
        ];
        assert_eq!(found, expected);
        assert_statements(&log, 2 + added);
    }
}
