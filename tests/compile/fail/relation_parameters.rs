use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct NoDefault<Posts> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(NoDefault, foreign_key = id))]
    posts: Posts,
}

#[derive(Entity)]
struct OtherDefault<Posts = ()> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(OtherDefault, foreign_key = id))]
    posts: Posts,
}

#[derive(Entity)]
struct Bounds<Posts: Clone = Unloaded, Friends = Unloaded>
where
    Friends: Send,
{
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Bounds, foreign_key = id))]
    posts: Posts,
    #[entity(has_many(Bounds, foreign_key = id))]
    friends: Friends,
}

#[derive(Entity)]
struct Shared<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Shared, foreign_key = id))]
    posts: Posts,
    #[entity(has_many(Shared, foreign_key = id))]
    friends: Posts,
}

#[derive(Entity)]
struct Wrapped<Posts = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Wrapped, foreign_key = id))]
    posts: Vec<Posts>,
}

fn main() {}
