//! So many targets of each parent.

use unlazy::{Db, Entity, IntoLoad, Load, Loads, Relation, Scope, StatementLog, Unloaded, sql};

use crate::fixture::*;

type Posts<L = <Order as unlazy::Entity>::Loads> = Load<OrdersOfUser, L>;
type OrdersOfUser = unlazy::relation!(User::orders);

/// What is loaded with a limit is what is loaded without, cut: by levels, pipelined, and onto values in hand, looked up and
/// by a window function.
async fn is_cut<L>(load: Posts<L>, offset: usize, limit: usize, db: &Db, log: &StatementLog)
where
    L: Loads<Order>,
    L::Value: PartialEq + std::fmt::Debug + Clone,
{
    let all = User::query().with(load.clone()).all(db).await.unwrap();
    let cut = load
        .clone()
        .offset_per_parent(offset as u64)
        .limit_per_parent(limit as u32);
    // Before the limit is as good as after it.
    let by_window = load
        .by_window()
        .limit_per_parent(limit as u32)
        .offset_per_parent(offset as u64);
    let expected: Vec<_> = all
        .into_iter()
        .map(|mut user| {
            let targets = user.orders.iter().skip(offset).take(limit);
            *user.orders = targets.cloned().collect();
            user
        })
        .collect();
    for cut in [cut, by_window] {
        let query = User::query().with(cut.clone());
        assert_eq!(query.clone().all(db).await.unwrap(), expected);
        assert_eq!(query.pipelined().all(db).await.unwrap(), expected);
        assert_eq!(log.notes(), [""; 0]);
        let bare = User::query().all(db).await.unwrap();
        assert_eq!(cut.load(bare, db).await.unwrap(), expected);
    }
}

/// The ids of what a query loads so, by levels. Looked up and by a window function it is the same: by levels, pipelined, and
/// onto values in hand.
macro_rules! ids_in_every_way {
    ($query:expr, $load:expr, $relation:ident, $db:expr) => {{
        let (query, load, db) = ($query, $load.into_load(), $db);
        let expected = query
            .clone()
            .with(load.clone())
            .by_levels()
            .all(db)
            .await
            .unwrap();
        for load in [load.clone(), load.by_window()] {
            let with = query.clone().with(load.clone());
            assert_eq!(with.clone().by_levels().all(db).await.unwrap(), expected);
            assert_eq!(with.pipelined().all(db).await.unwrap(), expected);
            let bare = query.clone().all(db).await.unwrap();
            assert_eq!(load.load(bare, db).await.unwrap(), expected);
        }
        let ids = expected.iter().map(|parent| {
            let targets = parent.$relation.iter();
            targets.map(|target| target.id).collect::<Vec<i64>>()
        });
        ids.collect::<Vec<_>>()
    }};
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
        (1, usize::MAX),
        (usize::MAX, 1),
        (usize::MAX, usize::MAX),
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
    for latest in [latest.clone(), latest.by_window()] {
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
}

#[tokio::test]
async fn all_but_the_first_of_each() {
    let (_test, db, _) = shop().await;
    let orders = User::ORDERS.offset_per_parent(1);
    let ids = ids_in_every_way!(User::query(), orders, orders, &db);
    assert_eq!(ids, [vec![3, 5], vec![], vec![4], vec![]]);
    let items = Order::ITEMS.offset_per_parent(2);
    let ids = ids_in_every_way!(Order::query(), items, items, &db);
    assert_eq!(ids, [vec![3], vec![3], vec![5], vec![], vec![]]);
}

#[tokio::test]
async fn limits_on_every_level() {
    let (_test, db, _) = shop().await;
    let orders = User::ORDERS.limit_per_parent(2);
    let items = Order::ITEMS
        .order_by_link(OrderItem::QUANTITY.desc())
        .limit_per_parent(2);
    for orders in [orders.clone(), orders.by_window()] {
        for items in [items.clone(), items.clone().by_window()] {
            let query = User::query().with(orders.clone().with(items));
            let by_levels = query.clone().all(&db).await.unwrap();
            let items: Vec<Vec<i64>> = by_levels[0]
                .orders
                .iter()
                .map(|order| order.items.iter().map(|item| item.id).collect())
                .collect();
            assert_eq!(items, [vec![1, 2], vec![4, 3]]);
            assert_eq!(query.pipelined().all(&db).await.unwrap(), by_levels);
        }
    }
}

#[tokio::test]
async fn of_links_and_their_columns() {
    let (_test, db, _) = shop().await;
    let few = Order::ITEMS
        .filter_link(OrderItem::QUANTITY.lt(9))
        .order_by_link(OrderItem::QUANTITY.desc())
        .limit_per_parent(1)
        .offset_per_parent(1);
    let keywords = Item::KEYWORDS.limit_per_parent(1);
    for few in [few.clone(), few.by_window()] {
        let query = Order::query().with(few.with(keywords.clone()));
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
}

#[tokio::test]
async fn of_composite_keys() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "shelves")]
    struct Shelf<Books = Unloaded, Topics = Unloaded> {
        #[entity(primary_key)]
        room: String,
        #[entity(primary_key)]
        number: i16,
        #[entity(has_many(Book, foreign_key = (room, number)))]
        books: Books,
        #[entity(many_to_many(Topic, through = "shelf_topics"((room, number), topic_id)))]
        topics: Topics,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "books")]
    struct Book<On = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        room: Option<String>,
        number: Option<i16>,
        #[entity(belongs_to(Shelf, foreign_key = (room, number)))]
        shelf: On,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "topics")]
    struct Topic {
        #[entity(primary_key)]
        id: i64,
    }

    let (_test, db, _) = database(
        "CREATE TABLE shelves (room text, number int2, PRIMARY KEY (room, number));
         INSERT INTO shelves VALUES ('a', 1), ('a', 2), ('b', 1), ('b', 2);
         CREATE TABLE books (id int8 PRIMARY KEY, room text, number int2);
         INSERT INTO books VALUES
             (1, 'a', 1), (2, 'b', 1), (3, 'a', 2), (4, 'a', 1), (5, 'a', 2), (6, 'a', 1), (7, 'a', NULL);
         CREATE TABLE topics (id int8 PRIMARY KEY);
         INSERT INTO topics VALUES (1), (2), (3);
         CREATE TABLE shelf_topics (room text, number int2, topic_id int8);
         INSERT INTO shelf_topics SELECT room, number, id FROM shelves, topics WHERE number = 1;",
    )
    .await;
    let latest = Shelf::BOOKS.order_by(Book::ID.desc()).limit_per_parent(2);
    let with_shelves = latest.with(Book::SHELF);
    let ids = ids_in_every_way!(Shelf::query(), with_shelves, books, &db);
    assert_eq!(ids, [vec![6, 4], vec![5, 3], vec![2], vec![]]);
    let second = Shelf::TOPICS.offset_per_parent(1).limit_per_parent(1);
    let ids = ids_in_every_way!(Shelf::query(), second, topics, &db);
    assert_eq!(ids, [vec![2], vec![], vec![2], vec![]]);
}

#[tokio::test]
async fn of_keys_that_are_equal_without_being_the_same() {
    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "prices")]
    struct Price<Goods = Unloaded, Offers = Unloaded> {
        #[entity(primary_key)]
        amount: rust_decimal::Decimal,
        #[entity(has_many(Good, foreign_key = amount))]
        goods: Goods,
        #[entity(many_to_many(Good, through = "offers"(amount, good_id)))]
        offers: Offers,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "goods")]
    struct Good {
        #[entity(primary_key)]
        id: i64,
        amount: rust_decimal::Decimal,
    }

    // Nothing keeps two prices from being equal.
    let (_test, db, log) = database(
        "CREATE TABLE prices (amount numeric);
         INSERT INTO prices VALUES (1.50), (1.5), (2);
         CREATE TABLE goods (id int8 PRIMARY KEY, amount numeric);
         INSERT INTO goods VALUES (1, 1.500), (2, 1.50), (3, 1.5), (4, 2.0);
         CREATE TABLE offers (amount numeric, good_id int8);
         INSERT INTO offers SELECT amount, id FROM goods;",
    )
    .await;
    let prices = || Price::query().order_by(sql!("$1::text", Price::AMOUNT));
    let goods = Price::GOODS.order_by(Good::ID.desc()).limit_per_parent(2);
    let ids = ids_in_every_way!(prices(), goods, goods, &db);
    assert_eq!(ids, [vec![3, 2], vec![3, 2], vec![4]]);
    let offers = Price::OFFERS.offset_per_parent(1).limit_per_parent(1);
    let ids = ids_in_every_way!(prices(), offers, offers, &db);
    assert_eq!(ids, [vec![2], vec![2], vec![]]);
    assert_eq!(log.notes(), [""; 0]);
}

#[tokio::test]
async fn of_what_filters_scopes_and_fixed_orders_leave() {
    enum Tenant {}

    impl Scope for Tenant {
        type Value = i64;
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "authors")]
    struct Author<Posts = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        #[entity(has_many(
            Post,
            foreign_key = author_id,
            filter = Post::PUBLISHED,
            order_by = Post::BODY.desc(),
        ))]
        posts: Posts,
    }

    #[derive(Entity, Debug, Clone, PartialEq)]
    #[entity(table = "posts")]
    struct Post<By = Unloaded, Body = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        #[entity(deferred(String))]
        body: Body,
        author_id: i64,
        published: bool,
        #[entity(scope = Tenant)]
        tenant_id: i64,
        #[entity(belongs_to(Author, foreign_key = author_id))]
        author: By,
    }

    let (_test, db, _) = database(
        "CREATE TABLE authors (id int8 PRIMARY KEY);
         INSERT INTO authors VALUES (1), (2), (3);
         CREATE TABLE posts (
             id int8 PRIMARY KEY, body text NOT NULL, author_id int8 NOT NULL, published bool NOT NULL, tenant_id int8 NOT NULL
         );
         INSERT INTO posts VALUES
             (1, 'a', 1, true, 5), (2, 'b', 1, false, 5), (3, 'c', 1, true, 6), (4, 'd', 2, true, 5), (5, 'e', 1, true, 5),
             (6, 'f', 2, true, 5), (7, 'g', 2, true, 6), (8, 'h', 1, true, 5), (9, 'i', 2, true, 5);",
    )
    .await;
    let db = db.scoped::<Tenant>(5);
    let two = Author::POSTS.limit_per_parent(2);
    let ids = ids_in_every_way!(Author::query(), two.clone(), posts, &db);
    assert_eq!(ids, [vec![8, 5], vec![9, 6], vec![]]);
    let with_bodies = two.filter(Post::ID.ne(9)).with(Post::BODY);
    let below = with_bodies.with(Post::AUTHOR.with(Author::POSTS));
    let ids = ids_in_every_way!(Author::query(), below, posts, &db);
    assert_eq!(ids, [vec![8, 5], vec![6, 4], vec![]]);
}

#[test]
fn the_relation_is_named() {
    assert_eq!(OrdersOfUser::DEF.to_string(), "User.orders");
}
