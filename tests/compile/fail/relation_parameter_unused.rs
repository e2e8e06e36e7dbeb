use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
}

fn main() {}
