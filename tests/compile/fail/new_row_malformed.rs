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
struct OfNothing {
    email: String,
}

#[derive(Insert)]
#[insert(User)]
#[insert(User)]
struct Twice<'a> {
    #[insert(generate)]
    email: &'a str,
    #[insert(skip, generated)]
    id: i64,
}

#[derive(Insert)]
#[insert(User)]
struct Tuple(String);

#[derive(Insert)]
#[insert]
enum Either {
    This,
}

fn main() {}
