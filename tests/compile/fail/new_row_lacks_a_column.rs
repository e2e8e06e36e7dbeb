use unlazy::{Entity, Insert};

#[derive(Entity)]
struct User {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    age: Option<i32>,
    #[entity(default)]
    role: String,
}

#[derive(Insert)]
#[insert(User)]
struct SignUp {
    age: i32,
    role: String,
}

fn main() {}
