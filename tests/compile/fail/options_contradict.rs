use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(primary_key, generated, unique, column = "posts", type = "text")]
    #[entity(has_many(User, foreign_key = id))]
    posts: Posts,
}

#[derive(Entity)]
struct Columns {
    #[entity(primary_key)]
    id: i64,
    #[entity(column = "a")]
    first: i64,
    #[entity(column = "a")]
    second: i64,
    #[entity(generated, default)]
    third: i64,
}

#[derive(Entity)]
#[entity(view)]
struct View {
    #[entity(primary_key, generated)]
    id: i64,
}

fn main() {}
