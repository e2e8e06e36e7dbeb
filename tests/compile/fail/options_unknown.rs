use unlazy::Entity;

#[derive(Entity)]
#[entity(tabel = "users", schema = "app")]
struct User {
    #[entity(primary_kee)]
    id: i64,
    #[entity(unique, colum = "mail", generated)]
    email: String,
    #[entity(table = "users")]
    name: String,
    #[entity(hasmany(Post, foreign_key = user_id))]
    posts: i64,
}

#[derive(Entity)]
#[entity(primary_key)]
struct Post {
    #[entity(primary_key)]
    id: i64,
}

fn main() {}
