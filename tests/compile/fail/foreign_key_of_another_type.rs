use unlazy::{Entity, Unloaded};

#[derive(Entity)]
struct User<Posts = Unloaded, Settings = Unloaded, Groups = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_one(Setting, foreign_key = user_name))]
    settings: Settings,
    #[entity(many_to_many(Group, through = Member(user_id, group_id)))]
    groups: Groups,
}

#[derive(Entity)]
struct Post<Author = Unloaded, Reviewer = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i32,
    reviewer_id: Option<String>,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    reviewer: Reviewer,
}

#[derive(Entity)]
struct Setting {
    #[entity(primary_key)]
    user_name: String,
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
    group_id: String,
}

fn main() {}
