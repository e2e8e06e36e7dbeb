use unlazy::{Entity, Loaded, Unloaded};

struct Plain;

#[derive(Entity)]
struct User<Posts = Unloaded, Friends = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    plain_id: i64,
    #[entity(belongs_to(Plain, foreign_key = plain_id))]
    plain: Posts,
    #[entity(has_many(User<Loaded<()>>, foreign_key = plain_id))]
    friends: Friends,
}

fn main() {}
