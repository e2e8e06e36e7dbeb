use unlazy::{Entity, Unloaded};

#[derive(Entity)]
#[entity(tabel = "users")]
struct User<'a, Posts, Profile: Clone = Unloaded> {
    id: i64,
    #[entity(unique, unique)]
    email: String,
    #[entity(colum = "n")]
    name: String,
    #[entity(has_many(Post))]
    posts: Posts,
    profile: Profile,
    #[entity(belongs_to(Post, foreign_key = post_id))]
    post: Post,
}

fn main() {}
