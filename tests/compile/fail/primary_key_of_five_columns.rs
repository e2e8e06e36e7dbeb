use unlazy::Entity;

#[derive(Entity)]
struct Wide {
    #[entity(primary_key)]
    a: i64,
    #[entity(primary_key)]
    b: i64,
    #[entity(primary_key)]
    c: i64,
    #[entity(primary_key)]
    d: i64,
    #[entity(primary_key)]
    e: i64,
}

fn main() {}
