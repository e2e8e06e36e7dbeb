use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    posts: Posts,
    #[entity(unique)]
    profile: Profile,
}

fn main() {}
