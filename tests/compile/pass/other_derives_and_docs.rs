//! Derives of others work on entities, and no lint finds fault with generated code.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    nonstandard_style
)]
#![deny(
    rust_2018_idioms,
    single_use_lifetimes,
    unused_qualifications,
    unnameable_types
)]
#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    non_ascii_idents
)]
#![deny(
    redundant_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unused_import_braces
)]
#![deny(
    unused_lifetimes,
    unused_macro_rules,
    unused_results,
    variant_size_differences
)]
#![forbid(unsafe_code)]

/// The entities.
pub mod entities {
    use std::fmt::Debug;

    use unlazy::{Entity, Unloaded, Value};

    /// A user.
    #[derive(Entity, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    #[entity(table = "users")]
    #[non_exhaustive]
    pub struct User<Posts = Unloaded, Mentor = Unloaded> {
        /// The key.
        #[entity(primary_key, generated)]
        pub id: i64,
        /// The address.
        #[serde(rename = "address")]
        #[entity(unique, column = "mail")]
        pub email: Email,
        /// The mood.
        pub mood: Option<Mood>,
        /// The user's mentor.
        pub mentor_id: Option<i64>,
        /// What the user wrote.
        #[entity(has_many(Post, foreign_key = author_id))]
        #[serde(default)]
        pub posts: Posts,
        /// Who helps.
        #[entity(belongs_to(User, foreign_key = mentor_id))]
        #[serde(skip)]
        pub mentor: Mentor,
    }

    /// A post.
    #[derive(Entity, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
    pub struct Post {
        /// The key.
        #[entity(primary_key)]
        pub id: i64,
        /// Its author.
        pub author_id: i64,
    }

    /// An address.
    #[derive(Value, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
    pub struct Email(String);

    /// A mood.
    #[derive(Value, Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
    #[value(name = "app.mood")]
    pub enum Mood {
        /// Good.
        Happy,
        /// Bad.
        #[value(rename = "not happy")]
        Sad,
    }

    fn has_derives<T: Debug + Clone + Eq + Ord + std::hash::Hash + serde::Serialize>() {}

    pub(crate) fn check() {
        has_derives::<User>();
        has_derives::<unlazy::loaded!(User { posts, mentor { posts } })>();
        has_derives::<unlazy::loaded!(Post)>();
        drop(User::query().filter(User::EMAIL.eq(Email(String::new()))));
    }
}

fn main() {
    entities::check();
}
