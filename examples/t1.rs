use std::sync::Arc;
use unlazy::{Db, Entity, Loaded, Unloaded, Value, loaded};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users")]
pub struct User<Posts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    #[entity(unique)]
    pub email: String,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub posts: Posts,
    #[entity(has_one(UserProfile, foreign_key = user_id))]
    pub profile: Profile,
}
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "user_profiles")]
pub struct UserProfile {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub user_id: i64,
    pub bio: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Value)]
pub enum Mood {
    Happy,
    VerySad,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
pub struct Post<Author = Unloaded, Reviewer = Unloaded, Tags = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub author_id: i64,
    pub reviewer_id: Option<i64>,
    pub title: String,
    pub mood: Mood,
    #[entity(belongs_to(User, foreign_key = author_id))]
    pub author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    pub reviewer: Reviewer,
    #[entity(many_to_many(Tag, through = PostTag(post_id, tag_id)))]
    pub tags: Tags,
}
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags")]
pub struct Tag {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
}
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "post_tags")]
pub struct PostTag {
    #[entity(primary_key)]
    pub post_id: i64,
    #[entity(primary_key)]
    pub tag_id: i64,
}

fn digest(user: &loaded!(User { posts { tags }, profile })) -> String {
    format!(
        "{} {}",
        user.email,
        user.posts.iter().map(|p| p.tags.len()).sum::<usize>()
    )
}

fn main() {
    let q = User::query()
        .filter(
            User::EMAIL
                .ends_with("@example.org")
                .and(User::POSTS.any(Post::TITLE.contains("rust"))),
        )
        .with(
            User::POSTS
                .filter(Post::TITLE.ne(""))
                .order_by(Post::ID.desc())
                .with(Post::TAGS),
        )
        .with(User::PROFILE)
        .order_by(User::ID.asc())
        .limit(100);
    for s in q.to_sql() {
        println!("{s};");
    }
    let q = Post::query()
        .filter(Post::AUTHOR.has(User::ID.gt(5)) & Post::MOOD.eq(Mood::VerySad))
        .order_by(Post::AUTHOR.order(User::EMAIL.desc()))
        .with(Post::AUTHOR.with(User::PROFILE))
        .with(Post::REVIEWER.selectin());
    for s in q.to_sql() {
        println!("{s};");
    }
}
