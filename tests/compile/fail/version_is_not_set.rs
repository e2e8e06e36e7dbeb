use unlazy::Entity;

#[derive(Entity)]
struct User {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    #[entity(version)]
    version: i32,
}

fn main() {}

fn by_an_update(user: &User) {
    let _ = User::update().of(user).set(User::VERSION, 2);
    let _ = User::update().of(user).set(User::ID, 2);
}

fn by_an_insert() {
    let _ = NewUser {
        email: String::new(),
        version: 1,
    };
}
