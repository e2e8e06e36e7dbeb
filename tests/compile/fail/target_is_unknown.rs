use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded, Friends = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Psot, foreign_key = author_id))]
    posts: Posts,
    #[entity(many_to_many(User, through = Friendship(left_id, right_id)))]
    friends: Friends,
}

fn main() {}
