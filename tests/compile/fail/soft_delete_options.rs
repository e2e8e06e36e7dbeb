use std::time::SystemTime;

use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct Contradictory<Others = Unloaded> {
    #[entity(primary_key, soft_delete)]
    id: bool,
    #[entity(soft_delete, generated, default, unique)]
    second: bool,
    #[entity(soft_delete, has_many(Contradictory, foreign_key = id))]
    others: Others,
}

#[derive(Entity)]
struct Required {
    #[entity(primary_key)]
    id: i64,
    #[entity(soft_delete)]
    deleted_at: SystemTime,
}

#[derive(Entity)]
struct NoTime {
    #[entity(primary_key)]
    id: i64,
    #[entity(soft_delete)]
    deleted_at: Option<i64>,
}

fn main() {}
