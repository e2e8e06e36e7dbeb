//! The futures of all writes can be spawned.

#[path = "../entities.rs"]
mod entities;

use std::sync::Arc;

use entities::*;
use futures_util::stream;
use unlazy::{Db, Entity as _, Error, Retry};

fn is_send<T>(_: impl Future<Output = T> + Send) {}

fn new_user() -> NewUser {
    unreachable!()
}

fn writes(db: Db, user: Arc<User>, post: Post) {
    let copied = vec![new_user()].into_iter().map(|new| new);
    is_send(User::copy_in(copied).on_progress(|rows| println!("{rows}")).execute(&db));
    is_send(User::copy_in_stream(stream::iter([Ok::<_, Error>(new_user())])).execute(&db));
    is_send(User::insert(new_user()).one(&db));
    is_send(User::insert(new_user()).execute(&db));
    is_send(User::insert_many([new_user()]).all(&db));
    is_send(User::insert_many([new_user()]).returning(User::ID).all(&db));
    is_send(User::insert(new_user()).on_conflict(User::PRIMARY_KEY).update().one(&db));
    is_send(User::insert(new_user()).on_conflict_do_nothing().one_or_none(&db));
    is_send(User::update().of(&*user).set(User::EMAIL, "a@b").one(&db));
    is_send(User::update().all_rows().set(User::EMAIL, "a@b").execute(&db));
    is_send(User::delete().of(&*user).execute(&db));
    is_send(User::delete().all_rows().returning(User::ID).all(&db));
    is_send(User::insert_with(new_user().with(User::POSTS.insert([""; 0], |_, _| -> NewPost { unreachable!() }))).one(&db));
    is_send(Post::TAGS.add(&post, [1]).execute(&db));
    is_send(Post::TAGS.set(&post, [1]).execute(&db));
    is_send(Post::TAGS.remove(&post, [1]).execute(&db));
    is_send(db.transaction(async |tx| {
        User::copy_in([new_user()]).execute(tx).await?;
        tx.advisory_lock(7).await?;
        tx.savepoint(async |tx| User::insert(new_user()).one(tx).await).await
    }));
    is_send(db.transaction_retrying(Retry::new(), |tx| async move {
        User::copy_in([new_user()]).execute(&tx).await
    }));
}

fn main() {
    let _ = writes;
}
