use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded, Groups = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Post, foreign_key = autor_id))]
    posts: Posts,
    #[entity(many_to_many(Group, through = Member(usr_id, group_id)))]
    groups: Groups,
}

#[derive(Entity)]
struct Post {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
}

#[derive(Entity)]
struct Group {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct Member {
    #[entity(primary_key)]
    user_id: i64,
    #[entity(primary_key)]
    group_id: i64,
}

fn main() {}
