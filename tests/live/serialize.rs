//! Entities as JSON: what is loaded is its content, and what is not is never an empty list.

use serde::Serialize;
use serde_json::json;
use unlazy::{Entity, Unloaded};

use crate::fixture::*;

#[derive(Entity, Serialize)]
#[entity(table = "users")]
struct Person<Orders = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Purchase, foreign_key = user_id))]
    orders: Orders,
}

#[derive(Entity, Serialize)]
#[entity(table = "orders")]
struct Purchase<Buyer = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    user_id: i64,
    #[entity(belongs_to(Person, foreign_key = user_id))]
    buyer: Buyer,
}

#[tokio::test]
async fn loaded_empty_and_not_loaded_stay_three_things() {
    let (_test, db, _) = shop().await;
    let people = Person::find_many([9, 10])
        .with(Person::ORDERS.with(Purchase::BUYER))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(&people).unwrap(),
        json!([
            { "id": 9, "orders": [
                { "id": 2, "user_id": 9, "buyer": { "id": 9, "orders": null } },
                { "id": 4, "user_id": 9, "buyer": { "id": 9, "orders": null } },
            ] },
            { "id": 10, "orders": [] },
        ])
    );
}
