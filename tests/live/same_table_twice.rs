//! One table in several places of a query.

use std::sync::Arc;

use unlazy::{Entity, Unloaded};

use crate::fixture::*;

const POSTS: &str = "
    CREATE TABLE people (id int4 PRIMARY KEY, manager_id int4, name text NOT NULL);
    INSERT INTO people VALUES (1, NULL, 'ann'), (2, 1, 'ben'), (3, 1, 'cleo');
    CREATE TABLE posts (id int4 PRIMARY KEY, author_id int4 NOT NULL, reviewer_id int4);
    INSERT INTO posts VALUES (1, 1, 2), (2, 1, NULL), (3, 3, 3);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people")]
struct Person<Manager = Unloaded, Posts = Unloaded, Reviews = Unloaded> {
    #[entity(primary_key)]
    id: i32,
    manager_id: Option<i32>,
    name: String,
    #[entity(belongs_to(Person, foreign_key = manager_id))]
    manager: Manager,
    #[entity(has_many(Post, foreign_key = author_id))]
    posts: Posts,
    #[entity(has_many(Post, foreign_key = reviewer_id))]
    reviews: Reviews,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "posts")]
struct Post<Author = Unloaded, Reviewer = Unloaded> {
    #[entity(primary_key)]
    id: i32,
    author_id: i32,
    reviewer_id: Option<i32>,
    #[entity(belongs_to(Person, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(Person, foreign_key = reviewer_id))]
    reviewer: Reviewer,
}

fn person<M>(id: i32, manager: M) -> Person<M> {
    let (manager_id, name) = match id {
        1 => (None, "ann"),
        2 => (Some(1), "ben"),
        _ => (Some(1), "cleo"),
    };
    Person {
        id,
        manager_id,
        name: name.to_owned(),
        manager,
        posts: Unloaded,
        reviews: Unloaded,
    }
}

fn post<A, R>(id: i32, author: A, reviewer: R) -> Post<A, R> {
    let (author_id, reviewer_id) = match id {
        1 => (1, Some(2)),
        2 => (1, None),
        _ => (3, Some(3)),
    };
    Post {
        id,
        author_id,
        reviewer_id,
        author,
        reviewer,
    }
}

fn plain(id: i32) -> Person {
    person(id, Unloaded)
}

#[tokio::test]
async fn two_foreign_keys_to_one_target() {
    let (_test, db, log) = database(POSTS).await;
    for (author, added) in strategies!(Post::AUTHOR) {
        for (reviewer, more) in strategies!(Post::REVIEWER) {
            let query = Post::query().with(author.clone()).with(reviewer);
            assert_eq!(
                query.all(&db).await.unwrap(),
                [
                    post(1, one(plain(1)), maybe(Some(plain(2)))),
                    post(2, one(plain(1)), maybe(None)),
                    post(3, one(plain(3)), maybe(Some(plain(3)))),
                ]
            );
            assert_statements(&log, 1 + added + more);
        }
    }
}

#[tokio::test]
async fn a_row_on_two_paths_has_what_each_path_asked_for() {
    let (_test, db, log) = database(POSTS).await;
    let reviewer = |id, manager: Option<i32>| maybe(Some(person(id, maybe(manager.map(plain)))));
    for (manager, added) in strategies!(Person::MANAGER) {
        let query = Post::query()
            .with(Post::AUTHOR)
            .with(Post::REVIEWER.with(manager));
        assert_eq!(
            query.all(&db).await.unwrap(),
            [
                post(1, one(plain(1)), reviewer(2, Some(1))),
                post(2, one(plain(1)), maybe(None)),
                post(3, one(plain(3)), reviewer(3, Some(1))),
            ]
        );
        assert_statements(&log, 1 + added);
    }
}

#[tokio::test]
async fn two_collections_of_one_target() {
    let (_test, db, log) = database(POSTS).await;
    let people = Person::query()
        .with(Person::POSTS.filter(Post::ID.ne(2)))
        .with(Person::REVIEWS)
        .all(&db)
        .await
        .unwrap();
    let posts = |ids: &[i32]| many(ids.iter().map(|&id| post(id, Unloaded, Unloaded)));
    let with = |id, written: &[i32], reviewed: &[i32]| {
        let person = plain(id);
        Person {
            id,
            manager_id: person.manager_id,
            name: person.name,
            manager: Unloaded,
            posts: posts(written),
            reviews: posts(reviewed),
        }
    };
    assert_eq!(
        people,
        [with(1, &[1], &[]), with(2, &[], &[1]), with(3, &[3], &[3])]
    );
    assert_statements(&log, 3);
}

#[tokio::test]
async fn a_relation_back_to_the_parents_table_ends_where_the_type_ends() {
    let (_test, db, log) = shop().await;
    for (owner, added) in strategies!(Order::USER) {
        let query = User::find(9).with(User::ORDERS.with(owner));
        let cleo = query.one(&db).await.unwrap();
        let orders = [2, 4].map(|id| order(id, one(plain_user(9)), Unloaded, Unloaded));
        assert_eq!(cleo, user(9, Unloaded, many(orders)));
        assert!(Arc::ptr_eq(&cleo.orders[0].user, &cleo.orders[1].user));
        assert_statements(&log, 2 + added);
    }
}

#[tokio::test]
async fn the_same_relation_name_on_different_entities() {
    let (_test, db, log) = shop().await;
    for (customer, added) in strategies!(Order::USER) {
        for (owner, more) in strategies!(Order::ADDRESS.with(Address::USER)) {
            let query = Order::find(2).with(customer.clone()).with(owner);
            let to = address(4, one(plain_user(8)));
            let expected = order(2, one(plain_user(9)), maybe(Some(to)), Unloaded);
            assert_eq!(query.one(&db).await.unwrap(), expected);
            assert_statements(&log, 1 + added + more);
        }
    }
}

#[tokio::test]
async fn a_row_on_two_paths_has_on_each_the_lists_of_that_path() {
    let (_test, db, log) = shop().await;
    let orders = || User::ORDERS.filter(Order::ID.gt(1));
    let addresses = || User::ADDRESSES.filter(Address::ID.lt(1));
    for (customer, added) in strategies!(Order::USER.with(orders())) {
        for (owner, more) in strategies!(Address::USER.with(addresses()).with(User::ORDERS)) {
            for (to, most) in strategies!(Order::ADDRESS.with(owner.clone())) {
                let query = Order::find(1).with(customer.clone()).with(to);
                // Order 1 is user 7's, and goes to an address of user 7.
                let customer = user(7, Unloaded, many([3, 5].map(plain_order)));
                let owner = user(7, many([]), many([1, 3, 5].map(plain_order)));
                let to = address(1, one(owner));
                let expected = order(1, one(customer), maybe(Some(to)), Unloaded);
                assert_eq!(query.one(&db).await.unwrap(), expected);
                assert_statements(&log, 4 + added + more + most);
            }
        }
    }
}
