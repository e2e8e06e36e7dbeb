//! The entities of the cases next door.

use unlazy::{Entity, Unloaded};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users")]
pub struct User<Posts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub email: String,
    pub active: bool,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub posts: Posts,
    #[entity(has_one(UserProfile, foreign_key = user_id))]
    pub profile: Profile,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub struct UserProfile {
    #[entity(primary_key)]
    pub user_id: i64,
    pub bio: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
pub struct Post<Author = Unloaded, Reviewer = Unloaded, Tags = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub author_id: i64,
    pub reviewer_id: Option<i64>,
    pub title: String,
    #[entity(belongs_to(User, foreign_key = author_id))]
    pub author: Author,
    #[entity(belongs_to(User, foreign_key = reviewer_id))]
    pub reviewer: Reviewer,
    #[entity(many_to_many(Tag, through = PostTag(post_id, tag_id)))]
    pub tags: Tags,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags")]
pub struct Tag<Posts = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(many_to_many(Post, through = "post_tags"(tag_id, post_id)))]
    pub posts: Posts,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "post_tags")]
pub struct PostTag {
    #[entity(primary_key)]
    pub post_id: i64,
    #[entity(primary_key)]
    pub tag_id: i64,
}
