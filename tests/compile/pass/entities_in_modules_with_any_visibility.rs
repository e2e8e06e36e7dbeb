//! The visibility of an entity and of its fields is that of everything made from them.

#![deny(warnings, private_interfaces, private_bounds, unreachable_pub)]

mod users {
    use unlazy::{Entity, Unloaded};

    use crate::posts::{self, Post};

    #[derive(Entity)]
    #[entity(table = "users", schema = "app")]
    pub(crate) struct User<Posts = Unloaded, Secrets = Unloaded, Drafts = Unloaded> {
        #[entity(primary_key, generated)]
        pub(crate) id: i64,
        password: String,
        #[entity(has_many(posts::Post, foreign_key = author_id))]
        pub(crate) posts: Posts,
        #[entity(has_many(Secret, foreign_key = user_id))]
        secrets: Secrets,
        #[entity(has_many(crate::posts::drafts::Draft, foreign_key = user_id))]
        pub(super) drafts: Drafts,
    }

    #[derive(Entity)]
    pub(crate) struct Secret<User = Unloaded> {
        #[entity(primary_key)]
        id: i64,
        user_id: i64,
        #[entity(belongs_to(super::users::User, foreign_key = user_id))]
        user: User,
    }

    pub(crate) fn inside() -> usize {
        User::query()
            .filter(User::PASSWORD.ne(""))
            .with(User::SECRETS.with(Secret::USER))
            .with(User::POSTS.filter(Post::ID.gt(1)))
            .to_sql()
            .len()
    }

    pub(crate) fn passwords<P, S, D>(user: &User<P, S, D>) -> &str {
        &user.password
    }
}

mod posts {
    use unlazy::{Entity, Unloaded};

    #[derive(Entity)]
    #[entity(table = "posts")]
    pub(crate) struct Post<Author = Unloaded> {
        #[entity(primary_key)]
        pub id: i64,
        pub(crate) author_id: i64,
        #[entity(belongs_to(crate::users::User, foreign_key = author_id))]
        pub(self) author: Author,
    }

    pub(crate) mod drafts {
        use unlazy::{Entity, Unloaded};

        #[derive(Entity)]
        pub(in crate::posts) struct Inner<Drafts = Unloaded> {
            #[entity(primary_key)]
            pub(super) id: i64,
            #[entity(has_many(Draft, foreign_key = user_id))]
            pub(in super::super::posts) drafts: Drafts,
        }

        #[derive(Entity)]
        pub(crate) struct Draft {
            #[entity(primary_key)]
            pub id: i64,
            pub user_id: i64,
        }
    }

    pub(crate) fn inside() -> usize {
        Post::query()
            .with(Post::AUTHOR)
            .filter(Post::AUTHOR_ID.eq(1))
            .to_sql()
            .len()
            + drafts::Inner::query()
                .with(drafts::Inner::DRAFTS)
                .filter(drafts::Inner::ID.eq(1))
                .to_sql()
                .len()
    }
}

fn main() {
    fn in_a_function() {
        #[derive(unlazy::Entity)]
        struct Local<Selves = unlazy::Unloaded> {
            #[entity(primary_key)]
            id: i64,
            #[entity(has_many(Local, foreign_key = id))]
            selves: Selves,
        }
        assert_eq!(Local::query().with(Local::SELVES).to_sql().len(), 2);
    }
    in_a_function();
    users::inside();
    posts::inside();
    let _ = users::User::query()
        .with(users::User::DRAFTS)
        .with(users::User::POSTS);
    let _ = users::passwords::<(), (), ()>;
}
