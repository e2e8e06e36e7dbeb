//! `many_to_many`, through an entity and through a bare table.

use std::sync::Arc;

use unlazy::{Entity, Loaded, Unloaded};

use crate::fixture::*;

fn with_items(id: i64, items: &[i64]) -> Order<Unloaded, Unloaded, Loaded<Vec<Arc<Item>>>> {
    let items = shared(items.iter().copied().map(plain_item));
    order(id, Unloaded, Unloaded, items)
}

fn with_keywords(id: i64, keywords: &[i64]) -> Item<Loaded<Vec<Arc<Keyword>>>> {
    item(id, shared(keywords.iter().copied().map(keyword)))
}

#[tokio::test]
async fn targets_are_shared_between_parents_and_the_parents_are_not_read_again() {
    let (_test, db, log) = shop().await;
    let query = Order::query().with(Order::ITEMS).by_levels();
    let orders = query.all(&db).await.unwrap();
    assert_eq!(
        orders,
        [
            with_items(1, &[1, 2, 3]),
            with_items(2, &[1, 2, 3]),
            with_items(3, &[3, 4, 5]),
            with_items(4, &[1, 5]),
            with_items(5, &[]),
        ]
    );
    assert!(Arc::ptr_eq(&orders[0].items[2], &orders[2].items[0]));
    assert!(Arc::ptr_eq(&orders[0].items[0], &orders[3].items[0]));

    let statements = log.take();
    assert_eq!(statements.len(), 2);
    assert!(!statements[1].sql.contains(r#""orders""#), "{statements:?}");
}

#[tokio::test]
async fn a_link_table_without_primary_key_and_entity() {
    let (_test, db, log) = shop().await;
    let items = Item::query().with(Item::KEYWORDS).all(&db).await.unwrap();
    assert_eq!(
        items,
        [
            with_keywords(1, &[2, 4]),
            with_keywords(2, &[2, 3]),
            with_keywords(3, &[4]),
            with_keywords(4, &[]),
            with_keywords(5, &[]),
        ]
    );
    assert!(Arc::ptr_eq(&items[0].keywords[0], &items[1].keywords[0]));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn a_link_row_that_is_there_twice_gives_its_target_twice() {
    let (_test, db, log) = shop().await;
    let link = unlazy::sql!("INSERT INTO item_keywords VALUES (3, 4), (3, 1)");
    unlazy::execute(link, &db).await.unwrap();
    log.take();
    let found = Item::find(3).with(Item::KEYWORDS).one(&db).await.unwrap();
    assert_eq!(found, with_keywords(3, &[1, 4, 4]));
    assert!(Arc::ptr_eq(&found.keywords[1], &found.keywords[2]));
    assert_statements(&log, 2);
}

#[tokio::test]
async fn both_directions() {
    let (_test, db, log) = shop().await;
    let items = Item::query()
        .filter(Item::ID.ge(4))
        .with(Item::ORDERS)
        .all(&db)
        .await
        .unwrap();
    let orders: Vec<Vec<i64>> = items
        .iter()
        .map(|item| item.orders.iter().map(|order| order.id).collect())
        .collect();
    assert_eq!(orders, [vec![3], vec![3, 4]]);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn the_link_entity_with_columns_of_its_own_can_be_queried() {
    let (_test, db, log) = shop().await;
    for (of, added) in strategies!(OrderItem::ITEM) {
        let link = OrderItem::find((3, 4)).with(of).one(&db).await.unwrap();
        let expected = OrderItem {
            order_id: 3,
            item_id: 4,
            quantity: 9,
            item: one(plain_item(4)),
        };
        assert_eq!(link, expected);
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn filter_and_order_by_a_column_of_the_link() {
    let (_test, db, log) = shop().await;
    let items = Order::ITEMS
        .filter_link(OrderItem::QUANTITY.lt(9))
        .order_by_link(OrderItem::QUANTITY.asc());
    let orders = Order::query().with(items).all(&db).await.unwrap();
    assert_eq!(
        orders,
        [
            with_items(1, &[3, 2, 1]),
            with_items(2, &[1, 2, 3]),
            with_items(3, &[3, 5]),
            with_items(4, &[1, 5]),
            with_items(5, &[]),
        ]
    );
    assert_statements(&log, 2);
}

#[tokio::test]
async fn filter_and_order_of_link_and_target_together() {
    let (_test, db, _) = shop().await;
    let items = Order::ITEMS
        .filter(Item::NAME.ne("item 1"))
        .filter_link(OrderItem::QUANTITY.lt(9))
        .order_by_link(OrderItem::QUANTITY.asc())
        .order_by(Item::ID.desc());
    let orders = Order::find_many([1, 2, 3]).with(items).all(&db).await;
    assert_eq!(
        orders.unwrap(),
        [
            with_items(1, &[3, 2]),
            with_items(2, &[3, 2]),
            with_items(3, &[5, 3]),
        ]
    );
}

#[tokio::test]
async fn conditions_through_a_many_to_many_relation() {
    let (_test, db, log) = shop().await;
    let has_keyword_2 = Item::KEYWORDS.any(Keyword::ID.eq(2));
    let orders = Order::query()
        .filter(Order::ITEMS.any(has_keyword_2))
        .with(Order::ITEMS)
        .all(&db)
        .await;
    assert_eq!(
        orders.unwrap(),
        [
            with_items(1, &[1, 2, 3]),
            with_items(2, &[1, 2, 3]),
            with_items(4, &[1, 5]),
        ]
    );
    assert_statements(&log, 2);
}

const FRIENDS: &str = "
    CREATE TABLE people (id int4 PRIMARY KEY);
    INSERT INTO people VALUES (1), (2), (3);
    CREATE TABLE follows (follower int4, followed int4);
    INSERT INTO follows VALUES (1, 2), (1, 3), (2, 1), (3, 3);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people")]
struct Person<Follows = Unloaded, Followers = Unloaded> {
    #[entity(primary_key)]
    id: i32,
    #[entity(many_to_many(Person, through = "follows"(follower, followed)))]
    follows: Follows,
    #[entity(many_to_many(Person, through = "follows"(followed, follower)))]
    followers: Followers,
}

#[tokio::test]
async fn self_referencing_in_both_directions() {
    let (_test, db, log) = database(FRIENDS).await;
    let people = Person::query()
        .with(Person::FOLLOWS)
        .with(Person::FOLLOWERS)
        .all(&db)
        .await
        .unwrap();
    let people_of = |ids: &[i32]| {
        shared(ids.iter().map(|&id| Person {
            id,
            follows: Unloaded,
            followers: Unloaded,
        }))
    };
    let person = |id, follows: &[i32], followers: &[i32]| Person {
        id,
        follows: people_of(follows),
        followers: people_of(followers),
    };
    assert_eq!(
        people,
        [
            person(1, &[2, 3], &[2]),
            person(2, &[1], &[1]),
            person(3, &[3], &[1, 3]),
        ]
    );
    assert_statements(&log, 3);
}

const GRID: &str = "
    CREATE TABLE cells (x int4, y int2, PRIMARY KEY (x, y));
    INSERT INTO cells VALUES (1, 1), (1, 2), (2, 1), (2, 2);
    CREATE TABLE doors (from_x int4, from_y int2, to_x int4, to_y int2);
    INSERT INTO doors VALUES (1, 1, 1, 2), (1, 1, 2, 1), (2, 1, 1, 2);
    CREATE TABLE cell_colours (x int4, y int2, colour text);
    INSERT INTO cell_colours VALUES (1, 2, 'red'), (2, 1, 'red'), (2, 1, 'blue'), (9, 9, 'red');
    CREATE TABLE colours (name text PRIMARY KEY);
    INSERT INTO colours VALUES ('red'), ('blue');
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "cells")]
struct Cell<Doors = Unloaded, Colours = Unloaded> {
    #[entity(primary_key)]
    x: i32,
    #[entity(primary_key)]
    y: i16,
    #[entity(many_to_many(Cell, through = "doors"((from_x, from_y), (to_x, to_y))))]
    doors: Doors,
    #[entity(many_to_many(Colour, through = "cell_colours"((x, y), colour)))]
    colours: Colours,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "colours")]
struct Colour<Cells = Unloaded> {
    #[entity(primary_key)]
    name: String,
    #[entity(many_to_many(Cell, through = "cell_colours"(colour, (x, y))))]
    cells: Cells,
}

#[tokio::test]
async fn composite_keys_on_either_side_and_on_both() {
    let (_test, db, log) = database(GRID).await;
    let cells = Cell::query()
        .with(Cell::DOORS)
        .with(Cell::COLOURS)
        .all(&db)
        .await
        .unwrap();
    let plain = |&(x, y): &(i32, i16)| Cell {
        x,
        y,
        doors: Unloaded,
        colours: Unloaded,
    };
    let cell = |x, y, doors: &[(i32, i16)], colours: &[&str]| Cell {
        x,
        y,
        doors: shared(doors.iter().map(plain)),
        colours: shared(colours.iter().map(|&name| Colour {
            name: name.to_owned(),
            cells: Unloaded,
        })),
    };
    assert_eq!(
        cells,
        [
            cell(1, 1, &[(1, 2), (2, 1)], &[]),
            cell(1, 2, &[], &["red"]),
            cell(2, 1, &[(1, 2)], &["blue", "red"]),
            cell(2, 2, &[], &[]),
        ]
    );
    assert!(Arc::ptr_eq(&cells[0].doors[0], &cells[2].doors[0]));
    assert_statements(&log, 3);

    let red = Colour::find("red").with(Colour::CELLS).one(&db).await;
    let cells = shared([(1, 2), (2, 1)].iter().map(plain));
    let expected = Colour {
        name: "red".to_owned(),
        cells,
    };
    assert_eq!(red.unwrap(), expected);
    assert_statements(&log, 2);
}

#[tokio::test]
async fn parents_without_links_cost_one_statement_and_no_parents_none() {
    let (_test, db, log) = shop().await;
    let items = Order::ITEMS.with(Item::KEYWORDS);
    let order_5 = Order::find(5).with(items.clone()).one(&db).await.unwrap();
    assert_eq!(order_5, order(5, Unloaded, Unloaded, shared([])));
    assert_statements(&log, 2);

    let nothing = Order::query().filter(Order::ID.lt(0)).with(items);
    assert_eq!(nothing.all(&db).await.unwrap(), []);
    assert_statements(&log, 1);
}

#[tokio::test]
async fn values_for_the_links_bind_afresh_on_each_run() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    for (quantity, expected) in [(3, [1].as_slice()), (1, &[3]), (99, &[])] {
        let items = Order::ITEMS.filter_link(OrderItem::QUANTITY.eq(quantity));
        let found = Order::find(1).with(items).one(&db).await.unwrap();
        assert_eq!(found, with_items(1, expected));
    }
}
