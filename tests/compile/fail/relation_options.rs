use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<
    A = Unloaded,
    B = Unloaded,
    C = Unloaded,
    D = Unloaded,
    E = Unloaded,
    F = Unloaded,
    G = Unloaded,
    H = Unloaded,
    I = Unloaded,
    J = Unloaded,
    K = Unloaded,
> {
    #[entity(primary_key)]
    id: i64,
    user_id: i64,
    #[entity(belongs_to(User, foreign_key = user_id, filter = User::ID.gt(1)))]
    a: A,
    #[entity(belongs_to(User, foreign_key = user_id, order_by = User::ID))]
    b: B,
    #[entity(has_one(User, foreign_key = user_id, order_by = User::ID))]
    c: C,
    #[entity(has_many(User, foreign_key = user_id, filter_link = User::ID.gt(1)))]
    d: D,
    #[entity(has_many(User, foreign_key = user_id, order = User::ID))]
    e: E,
    #[entity(many_to_many(User, through = "links"(user_id, friend_id), filter_link = User::ID.gt(1), order_by_link = User::ID))]
    f: F,
    #[entity(has_many(User, foreign_key = user_id, filter = User::ID.gt(1), filter = User::ID.lt(3)))]
    g: G,
    #[entity(has_many(User, foreign_key = user_id, order_by = User::ID, order_by = User::USER_ID))]
    h: H,
    #[entity(has_many(User, foreign_key = user_id, filter = ))]
    i: I,
    #[entity(has_many(User, foreign_key = user_id, order_by = ()))]
    j: J,
    #[entity(belongs_to(User, foreign_key = user_id, limit = 3))]
    k: K,
}

fn main() {}
