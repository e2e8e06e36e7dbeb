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
> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many)]
    a: A,
    #[entity(has_many())]
    b: B,
    #[entity(has_many(User))]
    c: C,
    #[entity(has_one(User, through = id))]
    d: D,
    #[entity(belongs_to(User, foreign_key = ()))]
    e: E,
    #[entity(has_many(User, foreign_key = "id"))]
    f: F,
    #[entity(has_many(User, foreign_key = id; order_by = id))]
    g: G,
    #[entity(has_many = User)]
    h: H,
}

fn main() {}
