//! Rows that a scope hides are not overwritten through an upsert.

use orm_test::TestDb;
use unlazy::{Db, Entity, Error, Scope, StatementLog};

use crate::fixture::{assert_statements, database};

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "pages", scope = !Page::DELETED)]
struct Page {
    #[entity(primary_key, generated)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant_id: i64,
    #[entity(unique)]
    path: String,
    title: String,
    #[entity(default)]
    deleted: bool,
}

/// Tenant 1 has `/a` and the deleted `/gone`, tenant 2 has `/b`.
async fn pages() -> (TestDb, Db, StatementLog) {
    database(
        "CREATE TABLE pages (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id int8 NOT NULL,
            path text NOT NULL UNIQUE,
            title text NOT NULL,
            deleted bool NOT NULL DEFAULT false
         );
         INSERT INTO pages (tenant_id, path, title, deleted)
         VALUES (1, '/a', 'a', false), (1, '/gone', 'gone', true), (2, '/b', 'b', false)",
    )
    .await
}

fn page(tenant_id: i64, path: &str) -> NewPage {
    NewPage {
        tenant_id,
        path: path.to_owned(),
        title: "changed".to_owned(),
    }
}

/// All rows as they are: the tenant, the title, whether it is deleted.
async fn stored(db: &Db, path: &str) -> (i64, String, bool) {
    let db = db.unscoped();
    let page = Page::query().filter(Page::PATH.eq(path));
    let page = page.one(&db).await.unwrap();
    (page.tenant_id, page.title, page.deleted)
}

#[tokio::test]
async fn only_rows_that_the_scopes_show_are_updated() {
    let (_test, db, log) = pages().await;
    let of_1 = db.scoped::<Tenant>(1);
    let upsert = |path| {
        Page::insert(page(1, path))
            .on_conflict(Page::UNIQUE_PATH)
            .update()
    };
    assert_eq!(upsert("/a").one(&of_1).await.unwrap().title, "changed");
    assert_eq!(upsert("/new").one(&of_1).await.unwrap().title, "changed");
    for hidden in ["/b", "/gone"] {
        let refused = upsert(hidden).one(&of_1).await;
        assert!(
            matches!(&refused, Err(Error::NotWritten { entity: "Page" })),
            "{refused:?}"
        );
        assert_eq!(upsert(hidden).one_or_none(&of_1).await.unwrap(), None);
        assert_eq!(upsert(hidden).execute(&of_1).await.unwrap(), 0);
        let set = Page::insert(page(1, hidden))
            .on_conflict(Page::UNIQUE_PATH)
            .set_excluded(Page::TITLE);
        assert_eq!(set.execute(&of_1).await.unwrap(), 0);
    }
    assert_statements(&log, 10);
    assert_eq!(stored(&db, "/b").await, (2, "b".to_owned(), false));
    assert_eq!(stored(&db, "/gone").await, (1, "gone".to_owned(), true));

    let many = Page::insert_many(["/a", "/b", "/c", "/gone"].map(|path| page(1, path)))
        .on_conflict(Page::UNIQUE_PATH)
        .update();
    let written = many.all(&of_1).await.unwrap();
    let paths: Vec<_> = written.iter().map(|page| &*page.path).collect();
    assert_eq!(paths, ["/a", "/c"]);
}

#[tokio::test]
async fn update_moves_no_row_to_another_tenant() {
    let (_test, db, _) = pages().await;
    let of_1 = db.scoped::<Tenant>(1);
    let upsert = || Page::insert(page(2, "/a")).on_conflict(Page::UNIQUE_PATH);
    assert_eq!(upsert().update().one(&of_1).await.unwrap().tenant_id, 1);
    // Unless it says so.
    let moved = upsert().update().set_excluded(Page::TENANT_ID);
    assert_eq!(moved.one(&of_1).await.unwrap().tenant_id, 2);
}

#[tokio::test]
async fn the_upsert_gives_the_value_or_lifts_the_scopes_itself() {
    let (_test, db, log) = pages().await;
    let upsert = |path| {
        Page::insert(page(2, path))
            .on_conflict(Page::UNIQUE_PATH)
            .update()
    };
    let missing = upsert("/b").one(&db).await;
    assert!(
        matches!(
            &missing,
            Err(Error::MissingScope {
                entity: "Page",
                scope: "Tenant"
            })
        ),
        "{missing:?}"
    );
    assert_statements(&log, 0);
    let of_1 = db.scoped::<Tenant>(1);
    let of_2 = upsert("/b").scope::<Tenant>(2).one(&of_1);
    assert_eq!(of_2.await.unwrap().tenant_id, 2);
    let deleted = upsert("/gone").unscoped().set(Page::DELETED, false);
    let revived = deleted.one(&db).await.unwrap();
    assert_eq!((revived.tenant_id, revived.deleted), (1, false));
    // To do nothing needs no value.
    let nothing = Page::insert(page(2, "/b"))
        .on_conflict(Page::UNIQUE_PATH)
        .do_nothing();
    assert_eq!(nothing.one_or_none(&db).await.unwrap(), None);
}
