use unlazy::Entity;

#[derive(Entity, Debug, Clone)]
struct Post {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct User {
    #[entity(primary_key)]
    id: i64,
    posts: Vec<Post>,
}

fn main() {}
