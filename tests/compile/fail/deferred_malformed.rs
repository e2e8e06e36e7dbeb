use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct Malformed<A = Unloaded, B = Unloaded, C = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(deferred)]
    a: A,
    #[entity(deferred())]
    b: B,
    #[entity(deferred(String, 3))]
    c: C,
}

#[derive(Entity)]
struct Contradictory<A = Unloaded, B = Unloaded, Key = Unloaded> {
    #[entity(primary_key, deferred(i64))]
    id: A,
    #[entity(deferred(String), has_many(Contradictory, foreign_key = key_id))]
    b: B,
    #[entity(deferred(String))]
    without_parameter: String,
    #[entity(deferred(i64))]
    key_id: Key,
}

#[derive(Entity)]
struct KeyIsDeferred<Key = Unloaded, Of = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(deferred(i64))]
    key_id: Key,
    #[entity(belongs_to(KeyIsDeferred, foreign_key = key_id))]
    of: Of,
}

fn main() {}
