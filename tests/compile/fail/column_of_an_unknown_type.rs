use unlazy::Entity;

#[derive(Debug, Clone)]
struct Address {
    city: String,
}

#[derive(Entity)]
struct User {
    #[entity(primary_key)]
    id: i64,
    address: Address,
    previous: Option<Address>,
}

fn main() {}
