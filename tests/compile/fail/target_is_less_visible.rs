mod users {
    use unlazy::{Entity, Unloaded};

    #[derive(Entity)]
    pub struct User<Secrets = Unloaded> {
        #[entity(primary_key)]
        pub id: i64,
        #[entity(has_many(Secret, foreign_key = user_id))]
        secrets: Secrets,
    }

    #[derive(Entity)]
    struct Secret {
        #[entity(primary_key)]
        id: i64,
        user_id: i64,
    }
}

fn main() {}
