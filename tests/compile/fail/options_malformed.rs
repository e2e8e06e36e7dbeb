use unlazy::Entity;

#[derive(Entity)]
#[entity(table = users, schema = "")]
#[entity]
struct User {
    #[entity(primary_key = true)]
    id: i64,
    #[entity(column)]
    email: String,
    #[entity(column("mail"), type = 5)]
    name: String,
    #[entity = "unique"]
    city: String,
    #[entity(unique generated)]
    street: String,
    #[entity("unique")]
    house: String,
}

fn main() {}
