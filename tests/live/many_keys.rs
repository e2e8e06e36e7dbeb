//! Loads for thousands of parents: the server plans their statement for these very keys.

use orm_test::TestDb;
use unlazy::{Db, Entity, Error, Unloaded, sql};

use crate::fixture::*;

const PARENTS: i64 = 6_000;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "parents")]
struct Parent<Children = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_many(Child, foreign_key = parent_id))]
    children: Children,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "children")]
struct Child<Of = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    parent_id: i64,
    name: String,
    #[entity(belongs_to(Parent, foreign_key = parent_id))]
    parent: Of,
}

/// Each parent has a child, and each third another one.
async fn families() -> (TestDb, Db) {
    let (test, ..) = database(
        "CREATE TABLE parents (id int8 PRIMARY KEY);
         CREATE TABLE children (id int8 PRIMARY KEY, parent_id int8 NOT NULL, name text NOT NULL);
         INSERT INTO parents SELECT n FROM generate_series(1, 6000) AS n;
         INSERT INTO children SELECT n, n, 'child ' || n FROM generate_series(1, 6000) AS n;
         INSERT INTO children SELECT 10000 + n, n, 'child ' || n FROM generate_series(3, 6000, 3) AS n;",
    )
    .await;
    let db = one_connection(&test);
    (test, db)
}

#[tokio::test]
async fn each_parent_has_its_own_children() {
    let (_test, db) = families().await;
    // The second time the statement is prepared already.
    for _ in 0..2 {
        let parents = Parent::query()
            .with(Parent::CHILDREN)
            .all(&db)
            .await
            .unwrap();
        assert_eq!(parents.len() as i64, PARENTS);
        for parent in parents {
            let children = parent.children.iter();
            let found: Vec<_> = children
                .map(|child| (child.id, child.name.clone()))
                .collect();
            let name = format!("child {}", parent.id);
            let mut expected = vec![(parent.id, name.clone())];
            if parent.id % 3 == 0 {
                expected.push((10_000 + parent.id, name));
            }
            assert_eq!(found, expected);
        }
    }
}

#[tokio::test]
async fn each_child_has_its_parent() {
    let (_test, db) = families().await;
    let query = Child::query().with(Child::PARENT.selectin());
    for child in query.all(&db).await.unwrap() {
        assert_eq!(child.parent.id, child.parent_id);
    }
}

#[tokio::test]
async fn a_table_that_has_changed_is_noticed() {
    let (_test, db) = families().await;
    let query = Parent::query().with(Parent::CHILDREN);
    query.clone().all(&db).await.unwrap();
    let change = sql!("ALTER TABLE children ALTER name TYPE int4 USING 7");
    unlazy::execute(change, &db).await.unwrap();
    let error = query.all(&db).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Decode {
                entity: "Child",
                column: "name",
                ..
            }
        ),
        "{error:?}"
    );
}
