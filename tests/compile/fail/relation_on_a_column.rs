use unlazy::Entity;

#[derive(Entity)]
struct Post {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct User {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Post, foreign_key = id))]
    latest_posts: Vec<Post>,
}

fn main() {}
