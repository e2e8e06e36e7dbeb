use unlazy::{Entity, Unloaded};

enum Tenant {}

impl unlazy::Scope for Tenant {
    type Value = i64;
}

#[derive(Entity)]
#[entity(scope = User::ID.gt(1), scope = User::ID.lt(9))]
struct User {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
#[entity(scope)]
struct Post {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
#[entity(scope = )]
struct Tag<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant, scope = Tenant)]
    tenant_id: i64,
    #[entity(scope = "tenant")]
    second_id: i64,
    #[entity(scope = Tenant, has_many(Tag, foreign_key = tenant_id))]
    posts: Posts,
}

fn main() {}
