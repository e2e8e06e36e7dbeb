//! Generated code means the standard library's types even where the user's own have their names.

#![deny(warnings)]
#![allow(dead_code)]

use ::std::string::String;
use ::unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct Option<Vec = Unloaded, Result = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    result_id: ::std::option::Option<String>,
    #[entity(has_many(Vec, foreign_key = option_id))]
    vec: Vec,
    #[entity(belongs_to(Result, foreign_key = result_id))]
    result: Result,
}

#[derive(Entity)]
struct Vec<Some = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    option_id: i64,
    #[entity(belongs_to(Option, foreign_key = option_id))]
    some: Some,
}

#[derive(Entity)]
struct Result {
    #[entity(primary_key)]
    key: String,
    row: i64,
    parent: i64,
    id: i64,
}

#[derive(Entity)]
struct Unrelated<Key = Unloaded, Row = Unloaded, Loads = Unloaded, E = Unloaded> {
    #[entity(primary_key)]
    key: i64,
    row_: i64,
    #[entity(has_many(Unrelated, foreign_key = row_))]
    row: Row,
    #[entity(has_many(Unrelated, foreign_key = row_))]
    parent: Key,
    #[entity(has_many(Unrelated, foreign_key = row_))]
    loads: Loads,
    #[entity(has_many(Unrelated, foreign_key = row_))]
    entity: E,
}

mod unlazy {}
mod core {}
mod std {}

fn main() {}
