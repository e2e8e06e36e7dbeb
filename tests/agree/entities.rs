//! A publishing house: every kind of relation and key. No foreign key is enforced, so any data can be in the tables.

use unlazy::{Entity, Unloaded, Value};

/// No table but `desks` keeps a `has_one` to one row, and the link tables have no keys at all.
pub(crate) const SCHEMA: &str = "
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sunny', 'calm', 'angry');
    CREATE TABLE moods (mood mood PRIMARY KEY, colour text NOT NULL);
    CREATE TABLE authors (
        id int8 PRIMARY KEY, name text NOT NULL, rank int4, mood mood, mentor_id int8,
        motto text GENERATED ALWAYS AS (nullif(name || '!', '!')) STORED
    );
    CREATE TABLE profiles (author_id int8 PRIMARY KEY, bio text);
    CREATE TABLE desks (id int8 PRIMARY KEY, author_id int8 NOT NULL UNIQUE, room text NOT NULL, number int2 NOT NULL);
    CREATE TABLE badges (
        id int8 PRIMARY KEY, author_id int8, label text GENERATED ALWAYS AS ('no ' || id) STORED
    );
    CREATE TABLE topics (name citext PRIMARY KEY);
    CREATE TABLE shelves (room text, number int2, height int4, PRIMARY KEY (room, number));
    CREATE TABLE shelf_links (room text, number int2, to_room text, to_number int2);
    CREATE TABLE locks (id int8 PRIMARY KEY, room text, number int2);
    CREATE TABLE posts (
        id int8 PRIMARY KEY, title text NOT NULL, rating int4, author_id int8 NOT NULL, editor_id int8, topic citext,
        room text, number int2
    );
    CREATE TABLE tags (id int8 PRIMARY KEY, word text NOT NULL);
    CREATE TABLE post_tags (post_id int8, tag_id int8, weight int4);
";

/// Not in alphabetical order.
#[derive(Value, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mood {
    Sunny,
    Calm,
    Angry,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "moods")]
pub(crate) struct MoodColour<Feeling = Unloaded> {
    #[entity(primary_key)]
    pub(crate) mood: Mood,
    pub(crate) colour: String,
    #[entity(has_many(Author, foreign_key = mood))]
    pub(crate) authors: Feeling,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "authors")]
pub(crate) struct Author<
    Written = Unloaded,
    Edited = Unloaded,
    Taught = Unloaded,
    Teacher = Unloaded,
    About = Unloaded,
    Place = Unloaded,
    Pass = Unloaded,
    Colour = Unloaded,
    Motto = Unloaded,
> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) rank: Option<i32>,
    pub(crate) mood: Option<Mood>,
    pub(crate) mentor_id: Option<i64>,
    #[entity(has_many(Post, foreign_key = author_id))]
    pub(crate) posts: Written,
    #[entity(has_many(Post, foreign_key = editor_id))]
    pub(crate) edited: Edited,
    #[entity(has_many(Author, foreign_key = mentor_id))]
    pub(crate) pupils: Taught,
    #[entity(belongs_to(Author, foreign_key = mentor_id))]
    pub(crate) mentor: Teacher,
    #[entity(has_one(Profile, foreign_key = author_id))]
    pub(crate) profile: About,
    #[entity(has_one(Desk, foreign_key = author_id))]
    pub(crate) desk: Place,
    #[entity(has_one(Badge, foreign_key = author_id))]
    pub(crate) badge: Pass,
    #[entity(belongs_to(MoodColour, foreign_key = mood))]
    pub(crate) mood_colour: Colour,
    #[entity(deferred(Option<String>))]
    pub(crate) motto: Motto,
}

/// Its foreign key is its primary key.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "profiles")]
pub(crate) struct Profile<Of = Unloaded> {
    #[entity(primary_key)]
    pub(crate) author_id: i64,
    pub(crate) bio: Option<String>,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    pub(crate) author: Of,
}

/// Its foreign key is declared unique.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "desks")]
pub(crate) struct Desk<Of = Unloaded, At = Unloaded> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    #[entity(unique)]
    pub(crate) author_id: i64,
    pub(crate) room: String,
    pub(crate) number: i16,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    pub(crate) author: Of,
    #[entity(belongs_to(Shelf, foreign_key = (room, number)))]
    pub(crate) shelf: At,
}

/// Nothing says that an author has only one.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "badges")]
pub(crate) struct Badge<Of = Unloaded, Label = Unloaded> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    pub(crate) author_id: Option<i64>,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    pub(crate) author: Of,
    #[entity(deferred(String))]
    pub(crate) label: Label,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "topics")]
pub(crate) struct Topic<Under = Unloaded> {
    #[entity(primary_key, type = "citext")]
    pub(crate) name: String,
    #[entity(has_many(Post, foreign_key = topic))]
    pub(crate) posts: Under,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "shelves")]
pub(crate) struct Shelf<Holds = Unloaded, With = Unloaded, Near = Unloaded> {
    #[entity(primary_key)]
    pub(crate) room: String,
    #[entity(primary_key)]
    pub(crate) number: i16,
    pub(crate) height: Option<i32>,
    #[entity(has_many(Post, foreign_key = (room, number)))]
    pub(crate) posts: Holds,
    #[entity(has_one(Lock, foreign_key = (room, number)))]
    pub(crate) lock: With,
    #[entity(many_to_many(Shelf, through = "shelf_links"((room, number), (to_room, to_number))))]
    pub(crate) neighbours: Near,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "locks")]
pub(crate) struct Lock<On = Unloaded> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    pub(crate) room: Option<String>,
    pub(crate) number: Option<i16>,
    #[entity(belongs_to(Shelf, foreign_key = (room, number)))]
    pub(crate) shelf: On,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
pub(crate) struct Post<
    Writer = Unloaded,
    Corrector = Unloaded,
    Subject = Unloaded,
    On = Unloaded,
    Words = Unloaded,
> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) rating: Option<i32>,
    pub(crate) author_id: i64,
    pub(crate) editor_id: Option<i64>,
    #[entity(type = "citext")]
    pub(crate) topic: Option<String>,
    pub(crate) room: Option<String>,
    pub(crate) number: Option<i16>,
    #[entity(belongs_to(Author, foreign_key = author_id))]
    pub(crate) author: Writer,
    #[entity(belongs_to(Author, foreign_key = editor_id))]
    pub(crate) editor: Corrector,
    #[entity(belongs_to(Topic, foreign_key = topic))]
    pub(crate) about: Subject,
    #[entity(belongs_to(Shelf, foreign_key = (room, number)))]
    pub(crate) shelf: On,
    #[entity(many_to_many(Tag, through = "post_tags"(post_id, tag_id)))]
    pub(crate) tags: Words,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tags")]
pub(crate) struct Tag<Tagged = Unloaded> {
    #[entity(primary_key)]
    pub(crate) id: i64,
    pub(crate) word: String,
    #[entity(many_to_many(Post, through = PostTag(tag_id, post_id)))]
    pub(crate) posts: Tagged,
}

/// The link as an entity. Its primary key is only declared: the table has pairs more than once.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "post_tags")]
pub(crate) struct PostTag {
    #[entity(primary_key)]
    pub(crate) post_id: i64,
    #[entity(primary_key)]
    pub(crate) tag_id: i64,
    pub(crate) weight: Option<i32>,
}
