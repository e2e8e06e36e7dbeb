use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct Post<Author = Unloaded, Reviewer = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    #[entity(belongs_to(User, foreign_key = autor_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = author))]
    reviewer: Reviewer,
}

fn main() {}
