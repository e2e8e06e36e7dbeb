//! Inserts, updates and deletes.

use std::slice;

use unlazy::{Entity, Error, Unloaded};

use crate::fixture::*;

fn new_user(name: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
    }
}

fn new_order(user_id: i64, priority: Option<i32>) -> NewOrder {
    NewOrder {
        user_id,
        address_id: None,
        priority,
    }
}

#[tokio::test]
async fn an_insert_returns_the_row_as_it_is_stored() {
    let (_test, db, log) = shop().await;
    let eve = User::insert(new_user("eve")).one(&db).await.unwrap();
    assert_eq!(eve.name, "eve");
    assert_statements(&log, 1);
    assert_eq!(User::find(eve.id).one(&db).await.unwrap(), eve);
}

#[tokio::test]
async fn many_rows_are_one_statement_with_nulls_in_their_places() {
    let (_test, db, log) = shop().await;
    let priorities = [Some(1), None, Some(3), None];
    let new = priorities.map(|priority| new_order(10, priority));
    let stored = Order::insert_many(new).all(&db).await.unwrap();
    assert_statements(&log, 1);
    assert_eq!(
        stored.iter().map(|o| o.priority).collect::<Vec<_>>(),
        priorities
    );
    let found = Order::query().filter(Order::USER_ID.eq(10)).all(&db).await;
    assert_eq!(found.unwrap(), stored);
}

#[tokio::test]
async fn nothing_to_write_sends_nothing() {
    let (_test, db, log) = shop().await;
    assert_eq!(User::insert_many::<NewUser>([]).all(&db).await.unwrap(), []);
    assert_eq!(
        User::insert_many::<NewUser>([]).execute(&db).await.unwrap(),
        0
    );
    assert_eq!(User::update().all_rows().execute(&db).await.unwrap(), 0);
    assert_statements(&log, 0);
    // An update that is asked for rows has them, also if it sets nothing.
    let unchanged = User::update().of(&plain_user(7)).one(&db).await.unwrap();
    assert_eq!(unchanged, plain_user(7));
}

#[tokio::test]
async fn updates_change_only_the_rows_that_they_are_for() {
    let (_test, db, log) = shop().await;
    let order_1 = Order::find(1).with(Order::USER).one(&db).await.unwrap();
    log.take();

    let changed = Order::update()
        .of(&order_1)
        .set(Order::PRIORITY, 9)
        .set(Order::ADDRESS_ID, None::<i64>)
        .set(Order::PRIORITY, 5)
        .one(&db)
        .await
        .unwrap();
    let expected = Order {
        priority: Some(5),
        address_id: None,
        ..plain_order(1)
    };
    assert_eq!(changed, expected);

    let of_cleo = Order::update()
        .filter(Order::USER.has(User::NAME.eq("cleo")))
        .set(Order::PRIORITY, None::<i32>);
    assert_eq!(of_cleo.execute(&db).await.unwrap(), 2);
    assert_statements(&log, 2);

    let priorities: Vec<_> = Order::query().all(&db).await.unwrap();
    let priorities: Vec<_> = priorities.iter().map(|order| order.priority).collect();
    assert_eq!(priorities, [Some(5), None, None, None, Some(2)]);
}

#[tokio::test]
async fn an_update_of_one_row_says_if_it_was_not_one() {
    let (_test, db, _) = shop().await;
    let rename = |id| {
        User::update()
            .filter(User::ID.ge(id))
            .set(User::NAME, format!("user {id}"))
    };
    let none = rename(99).one(&db).await;
    assert!(
        matches!(none, Err(Error::NotFound { entity: "User" })),
        "{none:?}"
    );
    let many = Order::update()
        .all_rows()
        .set(Order::PRIORITY, 1)
        .one(&db)
        .await;
    assert!(
        matches!(&many, Err(Error::TooMany { of }) if of == "Order"),
        "{many:?}"
    );
}

#[tokio::test]
async fn deletes_return_what_they_deleted() {
    let (_test, db, log) = shop().await;
    let dan = plain_user(10);
    assert_eq!(
        User::delete().of(&dan).all(&db).await.unwrap(),
        slice::from_ref(&dan)
    );
    assert_eq!(User::delete().of(&dan).execute(&db).await.unwrap(), 0);
    let loaded = OrderItem::find((3, 4))
        .with(OrderItem::ITEM)
        .one(&db)
        .await
        .unwrap();
    assert_eq!(
        OrderItem::delete().of(&loaded).execute(&db).await.unwrap(),
        1
    );
    let big = OrderItem::delete()
        .filter(OrderItem::QUANTITY.gt(1))
        .execute(&db);
    assert_eq!(big.await.unwrap(), 2);
    assert_statements(&log, 5);
    assert_eq!(OrderItem::query().count(&db).await.unwrap(), 8);
    assert_eq!(
        OrderItem::delete().all_rows().execute(&db).await.unwrap(),
        8
    );
}

#[tokio::test]
async fn an_insert_of_many_is_all_or_nothing() {
    let (_test, db, _) = shop().await;
    let outcome = User::insert_many(["eve", "ann", "fay"].map(new_user))
        .execute(&db)
        .await;
    assert!(outcome.unwrap_err().violates(User::NAME));
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "notes")]
struct Note<Of = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    user_id: Option<i64>,
    tags: Vec<String>,
    scores: Option<Vec<Option<i32>>>,
    #[entity(belongs_to(User, foreign_key = user_id))]
    user: Of,
}

#[tokio::test]
async fn rows_with_arrays() {
    let (_test, db, log) = database(&format!(
        "{SHOP}
        CREATE TABLE notes (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int8, tags text[] NOT NULL, scores int4[]
        );"
    ))
    .await;
    let note = |id, tags: &[&str], scores| Note {
        id,
        user_id: (id == 2).then_some(7),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        scores,
        user: Unloaded,
    };
    let expected = [
        note(1, &[], None),
        note(2, &["a, b", "{}", ""], Some(vec![Some(1), None])),
        note(3, &["NULL"], Some(vec![])),
    ];
    let new = expected.clone().map(|note| NewNote {
        user_id: note.user_id,
        tags: note.tags,
        scores: note.scores,
    });
    assert_eq!(Note::insert_many(new).all(&db).await.unwrap(), expected);
    assert_eq!(Note::query().all(&db).await.unwrap(), expected);
    assert_statements(&log, 2);
}
