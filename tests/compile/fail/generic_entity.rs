use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct Borrowed<'a> {
    #[entity(primary_key)]
    id: i64,
    name: &'a str,
}

#[derive(Entity)]
struct Sized<const N: usize, Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Sized, foreign_key = id))]
    posts: Posts,
}

fn main() {}
