use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct Contradictory<Others = Unloaded, Revision = Unloaded> {
    #[entity(primary_key, version)]
    id: i64,
    #[entity(version, generated, default, unique)]
    second: i64,
    #[entity(version, version)]
    third: i64,
    #[entity(version, soft_delete)]
    fourth: bool,
    #[entity(version, has_many(Contradictory, foreign_key = id))]
    others: Others,
    #[entity(version, deferred(i64))]
    revision: Revision,
}

#[derive(Entity)]
#[entity(view)]
struct View {
    #[entity(primary_key)]
    id: i64,
    #[entity(version)]
    version: i64,
}

#[derive(Entity)]
struct NoNumber {
    #[entity(primary_key)]
    id: i64,
    #[entity(version)]
    version: String,
}

#[derive(Entity)]
struct MayBeNull {
    #[entity(primary_key)]
    id: i64,
    #[entity(version)]
    version: Option<i32>,
}

fn main() {}
