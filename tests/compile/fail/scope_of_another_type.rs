use unlazy::{Db, Entity, Scope};

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

struct Region;

#[derive(Entity)]
#[entity(table = "users", scope = Post::ID.gt(1))]
struct User {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant: String,
}

#[derive(Entity)]
#[entity(table = "posts", scope = Post::TITLE)]
struct Post {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Region)]
    region: i64,
    title: String,
}

fn main() {}

fn values(db: Db) {
    db.scoped::<Tenant>("five");
    let _ = User::query().scope::<Tenant>(5_i32);
    db.scoped::<Region>(5);
}

enum Moment {}

impl Scope for Moment {
    type Value = std::time::Instant;
}
