use unlazy::Entity;

#[derive(Entity)]
#[allow(non_snake_case)]
struct User {
    #[entity(primary_key)]
    id: i64,
    email: String,
    Email: String,
}

fn main() {}
