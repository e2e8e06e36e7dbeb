use unlazy::{Entity, Unloaded};

#[derive(Entity)]
#[entity(table = "users", table = "people", view)]
#[entity(schema = "app", view, schema = "app")]
struct User<Posts = Unloaded> {
    #[entity(primary_key, primary_key)]
    id: i64,
    #[entity(unique, column = "mail")]
    #[entity(column = "email", unique)]
    email: String,
    #[entity(generated, generated, type = "citext", type = "text")]
    name: String,
    #[entity(has_many(User, foreign_key = id), has_one(User, foreign_key = id))]
    posts: Posts,
}

fn main() {}
