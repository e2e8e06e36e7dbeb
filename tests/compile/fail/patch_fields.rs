use unlazy::{Change, Entity, Patch, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded> {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    nickname: Option<String>,
    #[entity(version)]
    version: i32,
    #[entity(has_many(User, foreign_key = id))]
    posts: Posts,
}

#[derive(Patch)]
#[patch(User)]
struct NullableWithoutSayingWhatNoneMeans {
    nickname: Option<String>,
}

#[derive(Patch)]
#[patch(User)]
struct Unknown {
    emial: Option<String>,
}

#[derive(Patch)]
#[patch(User)]
struct NotSettable {
    id: Option<i64>,
    version: i32,
    posts: Option<i64>,
}

#[derive(Patch)]
#[patch(User)]
struct OtherTypes {
    email: Option<i64>,
    nickname: Change<Option<i64>>,
}

fn main() {}
