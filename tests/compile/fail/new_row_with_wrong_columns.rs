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
struct Generated {
    id: i64,
    email: String,
    age: Option<i32>,
}

#[derive(Insert)]
#[insert(User)]
struct NotGenerated {
    #[insert(generated)]
    email: String,
    age: Option<i32>,
}

#[derive(Insert)]
#[insert(User)]
struct OfOtherTypes {
    email: Option<String>,
    age: i64,
}

#[derive(Insert)]
#[insert(User)]
struct Misspelt {
    emial: String,
    email: String,
    age: Option<i32>,
}

fn main() {}
