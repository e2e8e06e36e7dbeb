use unlazy::Entity;

#[derive(Entity)]
struct User {
    #[entity(primary_key, generated)]
    id: i64,
    email: String,
    age: Option<i32>,
    #[entity(default)]
    role: String,
}

#[derive(Entity)]
struct Post {
    #[entity(primary_key, generated)]
    id: i64,
    title: String,
}

fn main() {
    let new = NewUser { email: String::new(), age: None };
    let _ = User::insert(new.clone()).set(User::ID, 7);
    let _ = User::insert(new.clone()).set_generated(User::ROLE, "admin");
    let _ = User::insert(new.clone()).set(Post::TITLE, "Hello");
    let _ = User::insert(new.clone()).set(User::ROLE, 7);
    let _ = User::insert(NewPost { title: String::new() });
    let _ = User::insert(NewUser { email: String::new(), age: None, role: String::new() });
    let _ = User::update().set(User::ID, 7);
}
