use unlazy::Entity;

#[derive(Entity)]
struct Tuple(i64, String);

#[derive(Entity)]
struct Unit;

#[derive(Entity)]
enum Choice {
    One,
}

#[derive(Entity)]
union Bits {
    a: u32,
    b: f32,
}

fn main() {}
