use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<A = Unloaded, B = Unloaded, C = Unloaded, D = Unloaded, E = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(User, foreign_key = id))]
    a: A,
    #[entity(many_to_many(User, through = Friendship))]
    b: B,
    #[entity(many_to_many(User, through = Friendship(user_id)))]
    c: C,
    #[entity(many_to_many(User, through = "friendships"(user_id, friend_id, since)))]
    d: D,
    #[entity(many_to_many(User, through = ""(user_id, friend_id)))]
    e: E,
}

fn main() {}
