use unlazy::{Entity, Unloaded};

#[derive(Entity, Debug, Clone)]
#[entity(table = "users")]
pub struct User<Posts = Unloaded, Profile = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub email: String,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub posts: Posts,
    #[entity(has_one(Profile, foreign_key = user_id))]
    pub profile: Profile,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "profiles")]
pub struct Profile {
    #[entity(primary_key)]
    pub user_id: i64,
    pub bio: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "posts")]
pub struct Post<Author = Unloaded, Tags = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub author_id: i64,
    pub title: String,
    #[entity(belongs_to(User, foreign_key = author_id))]
    pub author: Author,
    #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
    pub tags: Tags,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "tags")]
pub struct Tag {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
}
