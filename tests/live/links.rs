//! Adding, removing and setting the links of a many-to-many relation.

use std::sync::Arc;

use expect_test::expect;
use unlazy::{ChangedLinks, ConstraintKind, Entity, Error, Scope, StatementLog, Unloaded, Value};

use crate::fixture::*;

/// The keywords of an item, those that are linked twice as often as they are.
async fn keywords(db: &unlazy::Db, item: i64) -> Vec<i64> {
    let item = Item::find(item).with(Item::KEYWORDS).one(db).await.unwrap();
    item.keywords.iter().map(|keyword| keyword.id).collect()
}

#[tokio::test]
async fn added_links_are_there_once() {
    let (_test, db, log) = shop().await;
    let added = Item::KEYWORDS.add(&plain_item(1), [2, 3, 3, 1]);
    assert_eq!(added.execute(&db).await.unwrap(), 2);
    assert_statements(&log, 1);
    assert_eq!(keywords(&db, 1).await, [1, 2, 3, 4]);
    assert_eq!(keywords(&db, 2).await, [2, 3]);
}

#[tokio::test]
async fn rows_are_given_by_key_by_reference_and_shared() {
    let (_test, db, _) = shop().await;
    let item: Arc<Item<_>> = Arc::new(Item::find(4).with(Item::KEYWORDS).one(&db).await.unwrap());
    let owned = vec![keyword(1), keyword(2)];
    let shared: Vec<Arc<Keyword>> = vec![Arc::new(keyword(3))];
    let add = Item::KEYWORDS.add(&item, &owned);
    assert_eq!(add.execute(&db).await.unwrap(), 2);
    let add = Item::KEYWORDS.add(&*item, &shared);
    assert_eq!(add.execute(&db).await.unwrap(), 1);
    let add = Item::KEYWORDS.add(4, shared);
    assert_eq!(add.execute(&db).await.unwrap(), 0);
    let add = Item::KEYWORDS.add(Arc::clone(&item), [4]);
    assert_eq!(add.execute(&db).await.unwrap(), 1);
    assert_eq!(keywords(&db, 4).await, [1, 2, 3, 4]);

    let loaded = Item::find(1).with(Item::KEYWORDS).one(&db).await.unwrap();
    let set = Item::KEYWORDS.set(&item, &loaded.keywords);
    set.execute(&db).await.unwrap();
    assert_eq!(keywords(&db, 4).await, [2, 4]);
}

#[tokio::test]
async fn removed_links_are_gone_and_others_stay() {
    let (_test, db, log) = shop().await;
    let remove = Item::KEYWORDS.remove(1, [4, 1]);
    assert_eq!(remove.execute(&db).await.unwrap(), 1);
    assert_statements(&log, 1);
    assert_eq!(keywords(&db, 1).await, [2]);
    assert_eq!(keywords(&db, 3).await, [4]);

    let remove = Item::KEYWORDS.remove_all(2);
    assert_eq!(remove.execute(&db).await.unwrap(), 2);
    assert_eq!(keywords(&db, 2).await, [0; 0]);
    assert_eq!(keywords(&db, 1).await, [2]);
}

#[tokio::test]
async fn no_keys_send_nothing_but_to_set_them() {
    let (_test, db, log) = shop().await;
    let nothing: [i64; 0] = [];
    assert_eq!(
        Item::KEYWORDS.add(1, nothing).execute(&db).await.unwrap(),
        0
    );
    let removed = Item::KEYWORDS.remove(1, nothing).execute(&db).await;
    assert_eq!(removed.unwrap(), 0);
    assert_statements(&log, 0);
    let set = Item::KEYWORDS.set(1, nothing).execute(&db).await.unwrap();
    assert_eq!(
        set,
        ChangedLinks {
            added: 0,
            removed: 2
        }
    );
    assert_statements(&log, 1);
    assert_eq!(keywords(&db, 1).await, [0; 0]);
    assert_eq!(keywords(&db, 2).await, [2, 3]);
}

#[tokio::test]
async fn set_links_leaves_exactly_these_and_does_not_touch_those_that_stay() {
    let (_test, db, log) = shop().await;
    let rows = async || -> Vec<(i64, String)> {
        let client = _test.connect().await.unwrap();
        let sql = "SELECT keyword_id, ctid::text FROM item_keywords WHERE item_id = 1 ORDER BY 1";
        let rows = client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let before = rows().await;
    log.take();
    let set = Item::KEYWORDS.set(&plain_item(1), [3, 4, 3]);
    let changed = set.execute(&db).await.unwrap();
    assert_eq!(
        changed,
        ChangedLinks {
            added: 1,
            removed: 1
        }
    );
    assert_statements(&log, 1);
    let after = rows().await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[1], before[1]);

    let set = Item::KEYWORDS.set(&plain_item(1), [4, 3]);
    assert_eq!(set.execute(&db).await.unwrap(), ChangedLinks::default());
    assert_eq!(rows().await, after);
}

#[tokio::test]
async fn the_text_is_the_same_for_any_number_of_keys() {
    let (_test, db, log) = shop().await;
    Item::KEYWORDS.add(1, [1]).execute(&db).await.unwrap();
    Item::KEYWORDS.add(1, [1, 2, 3]).execute(&db).await.unwrap();
    Item::KEYWORDS.set(1, [1]).execute(&db).await.unwrap();
    Item::KEYWORDS.set(1, [1, 2, 3]).execute(&db).await.unwrap();
    let texts: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[2], texts[3]);
}

#[tokio::test]
async fn a_row_that_is_not_there_cannot_be_linked() {
    let (_test, db, _) = shop().await;
    let add = Item::KEYWORDS.add(1, [3, 99]).execute(&db).await;
    let error = add.unwrap_err();
    assert_eq!(
        error.constraint().map(|violation| violation.kind),
        Some(ConstraintKind::ForeignKey)
    );
    let set = Item::KEYWORDS.set(1, [3, 99]).execute(&db).await;
    assert!(set.unwrap_err().constraint().is_some());
    assert_eq!(keywords(&db, 1).await, [2, 4]);
}

#[tokio::test]
async fn links_of_a_link_with_more_columns_can_be_removed() {
    let (_test, db, _) = shop().await;
    let remove = Order::ITEMS.remove(&plain_order(1), [1, 2]);
    assert_eq!(remove.execute(&db).await.unwrap(), 2);
    let remove = Item::ORDERS.remove_all(5);
    assert_eq!(remove.execute(&db).await.unwrap(), 2);
}

const DOCUMENTS: &str = "
    CREATE TYPE color AS ENUM ('red', 'light green');
    CREATE TABLE documents (id int8 PRIMARY KEY);
    INSERT INTO documents VALUES (1), (2);
    CREATE TABLE labels (color color PRIMARY KEY);
    INSERT INTO labels VALUES ('red'), ('light green');
    CREATE TABLE document_labels (
        id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant int4 NOT NULL,
        document_id int8 NOT NULL REFERENCES documents,
        color color NOT NULL REFERENCES labels,
        hidden bool NOT NULL DEFAULT false,
        deleted bool NOT NULL DEFAULT false,
        UNIQUE (tenant, document_id, color));
    INSERT INTO document_labels (tenant, document_id, color, hidden, deleted) VALUES
        (1, 1, 'red', false, false), (2, 1, 'red', false, false), (1, 2, 'red', false, true), (1, 2, 'light green', true, false);
";

#[derive(Value, Debug, Clone, Copy, PartialEq)]
enum Color {
    Red,
    #[value(rename = "light green")]
    LightGreen,
}

enum Tenant {}

impl Scope for Tenant {
    type Value = i32;
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "documents")]
struct Document<Labels = Unloaded, Shown = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(Label, through = DocumentLabel(document_id, color)))]
    labels: Labels,
    #[entity(many_to_many(Label, through = DocumentLabel(document_id, color), filter_link = DocumentLabel::HIDDEN.eq(false)))]
    shown: Shown,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "labels")]
struct Label {
    #[entity(primary_key)]
    color: Color,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "document_labels", scope = DocumentLabel::DELETED.eq(false))]
struct DocumentLabel {
    #[entity(primary_key, generated)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant: i32,
    document_id: i64,
    color: Color,
    #[entity(default)]
    hidden: bool,
    #[entity(default)]
    deleted: bool,
}

/// The same with links that are deleted softly.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "documents")]
struct Archived<Labels = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(Label, through = ArchivedLabel(document_id, color)))]
    labels: Labels,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "document_labels")]
struct ArchivedLabel {
    #[entity(primary_key, generated)]
    id: i64,
    #[entity(default)]
    tenant: i32,
    document_id: i64,
    color: Color,
    #[entity(soft_delete)]
    deleted: bool,
}

/// All links: tenant, document, color, and whether it is deleted.
async fn links(test: &orm_test::TestDb) -> Vec<(i32, i64, String, bool)> {
    let client = test.connect().await.unwrap();
    let sql = "SELECT tenant, document_id, color::text, deleted FROM document_labels ORDER BY id";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect()
}

#[tokio::test]
async fn links_that_a_scope_hides_are_not_touched_and_new_ones_have_its_value() {
    let (test, db, log) = database(DOCUMENTS).await;
    let both = [Color::Red, Color::LightGreen];
    let missing = Document::LABELS.add(1, both).execute(&db).await;
    assert!(matches!(
        missing,
        Err(Error::MissingScope {
            entity: "DocumentLabel",
            scope: "Tenant"
        })
    ));
    assert_statements(&log, 0);

    let first = db.scoped::<Tenant>(1);
    let add = Document::LABELS.add(1, both).execute(&first).await;
    assert_eq!(add.unwrap(), 1);
    let set = Document::LABELS.set(1, [Color::LightGreen]).execute(&first);
    assert_eq!(
        set.await.unwrap(),
        ChangedLinks {
            added: 0,
            removed: 1
        }
    );
    // What is deleted is neither removed nor in the way of what is there; but the constraint lets it not be added anew.
    let remove = Document::LABELS.remove(2, [Color::Red]).execute(&first);
    assert_eq!(remove.await.unwrap(), 0);
    let add = Document::LABELS.add(2, [Color::Red]).execute(&first);
    assert_eq!(add.await.unwrap(), 0);
    let red = String::from("red");
    let green = String::from("light green");
    assert_eq!(
        links(&test).await,
        [
            (2, 1, red.clone(), false),
            (1, 2, red, true),
            (1, 2, green.clone(), false),
            (1, 1, green, false),
        ]
    );

    let remove = Document::LABELS.unscoped_link().remove_all(2);
    assert_eq!(remove.execute(&first).await.unwrap(), 2);
}

#[tokio::test]
async fn links_that_are_deleted_softly_are_marked() {
    let (test, db, _) = database(DOCUMENTS).await;
    let remove = Archived::LABELS.remove(1, [Color::Red]).execute(&db);
    assert_eq!(remove.await.unwrap(), 2);
    let set = Archived::LABELS.set(2, [] as [Color; 0]).execute(&db);
    assert_eq!(
        set.await.unwrap(),
        ChangedLinks {
            added: 0,
            removed: 1
        }
    );
    let deleted = links(&test).await;
    assert_eq!(deleted.len(), 4);
    assert!(deleted.iter().all(|(_, _, _, deleted)| *deleted));
    // Also without scopes what is deleted already is not deleted again.
    let remove = Archived::LABELS.unscoped_link().remove_all(1);
    assert_eq!(remove.execute(&db).await.unwrap(), 0);
}

#[tokio::test]
async fn a_filter_of_the_link_hides_links_too() {
    let (_test, db, _) = database(DOCUMENTS).await;
    let db = db.scoped::<Tenant>(1);
    let remove = Document::SHOWN.remove_all(2).execute(&db);
    assert_eq!(remove.await.unwrap(), 0);
    let remove = Document::LABELS.remove_all(2).execute(&db);
    assert_eq!(remove.await.unwrap(), 1);
}

#[tokio::test]
async fn new_rows_are_linked_with_the_value_of_a_scope() {
    let (test, db, _) = database(DOCUMENTS).await;
    let db = db.scoped::<Tenant>(5);
    let new = NewDocument { id: 3 }.with(Document::LABELS.link([Color::Red]));
    Document::insert_with(new).one(&db).await.unwrap();
    assert_eq!(
        links(&test).await.last(),
        Some(&(5, 3, String::from("red"), false))
    );
    let found = Document::find(3).with(Document::LABELS).one(&db).await;
    assert_eq!(found.unwrap().labels.len(), 1);
}

#[tokio::test]
async fn the_same_link_added_at_the_same_time_is_no_error() {
    let (test, db, _) = database(DOCUMENTS).await;
    let db = db.scoped::<Tenant>(7);
    let mut other = test.connect().await.unwrap();
    let transaction = other.transaction().await.unwrap();
    let insert = "INSERT INTO document_labels (tenant, document_id, color) VALUES (7, 1, 'red')";
    transaction.batch_execute(insert).await.unwrap();
    let add = Document::LABELS.add(1, [Color::Red, Color::LightGreen]);
    let add = tokio::spawn(async move { add.execute(&db).await });
    // It waits for the other, which it does not see.
    let waits = "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = \
                 current_database()) OR NOT granted AND locktype = 'transactionid'";
    let client = test.connect().await.unwrap();
    while client.query(waits, &[]).await.unwrap().is_empty() {
        assert!(!add.is_finished());
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    assert_eq!(add.await.unwrap().unwrap(), 1);
}

const WORDS: &str = "
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TABLE pages (site int4, path text, PRIMARY KEY (site, path));
    INSERT INTO pages VALUES (1, '/'), (1, '/a'), (2, '/');
    CREATE TABLE words (word citext PRIMARY KEY);
    INSERT INTO words VALUES ('Ann'), ('Ben');
    CREATE TABLE page_words (site int4, path text, word citext REFERENCES words,
        FOREIGN KEY (site, path) REFERENCES pages);
    INSERT INTO page_words VALUES (1, '/', 'ann'), (2, '/', 'ann');
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "pages")]
struct Page<Words = Unloaded> {
    #[entity(primary_key)]
    site: i32,
    #[entity(primary_key)]
    path: String,
    #[entity(many_to_many(Word, through = "page_words"((site, path), word)))]
    words: Words,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "words")]
struct Word<Pages = Unloaded> {
    #[entity(primary_key, type = "citext")]
    word: String,
    #[entity(many_to_many(Page, through = "page_words"(word, (site, path))))]
    pages: Pages,
}

#[tokio::test]
async fn composite_keys_and_keys_that_are_compared_by_the_rules_of_their_type() {
    let (_test, db, _) = database(WORDS).await;
    let root = || (1, String::from("/"));
    let add = Page::WORDS.add(root(), ["ANN", "ben"]);
    assert_eq!(add.execute(&db).await.unwrap(), 1);
    let set = Page::WORDS.set(root(), ["BEN"]);
    assert_eq!(
        set.execute(&db).await.unwrap(),
        ChangedLinks {
            added: 0,
            removed: 1
        }
    );
    let set = Word::PAGES.set("Ann", [(1, String::from("/a")), (2, String::from("/"))]);
    assert_eq!(
        set.execute(&db).await.unwrap(),
        ChangedLinks {
            added: 1,
            removed: 0
        }
    );
    let remove = Word::PAGES.remove("aNN", [(2, String::from("/")), (1, String::from("/"))]);
    assert_eq!(remove.execute(&db).await.unwrap(), 1);
    let pages = Page::query().with(Page::WORDS).all(&db).await.unwrap();
    let words: Vec<Vec<&str>> = pages
        .iter()
        .map(|page| page.words.iter().map(|word| &*word.word).collect())
        .collect();
    assert_eq!(words, [vec!["Ben"], vec!["Ann"], vec![]]);
}

#[tokio::test]
async fn what_is_sent() {
    let (_test, db, log) = shop().await;
    Item::KEYWORDS.add(1, [1]).execute(&db).await.unwrap();
    Item::KEYWORDS.remove(1, [1]).execute(&db).await.unwrap();
    Item::KEYWORDS.remove_all(1).execute(&db).await.unwrap();
    Item::KEYWORDS.set(1, [1]).execute(&db).await.unwrap();
    expect![[r#"
        INSERT INTO "item_keywords" ("item_id", "keyword_id") SELECT k.c0, k.c1 FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS k(c0, c1, n) WHERE NOT EXISTS (SELECT FROM "item_keywords" AS l WHERE l."item_id" = k.c0 AND l."keyword_id" = k.c1) GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT DO NOTHING
        DELETE FROM "item_keywords" AS l WHERE l."item_id" = $1 AND (l."keyword_id" = ANY($2::int8[]))
        DELETE FROM "item_keywords" AS l WHERE l."item_id" = $1
        WITH removed AS (DELETE FROM "item_keywords" AS l WHERE l."item_id" = $3 AND NOT (l."keyword_id" = ANY($2::int8[])) RETURNING 1), added AS (INSERT INTO "item_keywords" ("item_id", "keyword_id") SELECT k.c0, k.c1 FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS k(c0, c1, n) WHERE NOT EXISTS (SELECT FROM "item_keywords" AS l WHERE l."item_id" = k.c0 AND l."keyword_id" = k.c1) GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT DO NOTHING RETURNING 1) SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)"#]].assert_eq(&texts(&log));
}

#[tokio::test]
async fn what_is_sent_for_composite_keys_texts_and_scopes() {
    let (_test, db, log) = database(WORDS).await;
    let root = (1, String::from("/"));
    let set = Word::PAGES.set("Ann", [root]).execute(&db).await;
    set.unwrap();
    expect![[r#"WITH removed AS (DELETE FROM "page_words" AS l WHERE l."word" = $4 AND NOT EXISTS (SELECT FROM unnest($2::int4[], coalesce($3, ARRAY(SELECT "path" FROM "page_words" LIMIT 0))) AS k(c0, c1) WHERE l."site" = k.c0 AND l."path" = k.c1) RETURNING 1), added AS (INSERT INTO "page_words" ("word", "site", "path") SELECT k.c0, k.c1, k.c2 FROM unnest($1::citext[], $2::int4[], coalesce($3, ARRAY(SELECT "path" FROM "page_words" LIMIT 0))) WITH ORDINALITY AS k(c0, c1, c2, n) WHERE NOT EXISTS (SELECT FROM "page_words" AS l WHERE l."word" = k.c0 AND l."site" = k.c1 AND l."path" = k.c2) GROUP BY k.c0, k.c1, k.c2 ORDER BY min(k.n) ON CONFLICT DO NOTHING RETURNING 1) SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)"#]].assert_eq(&texts(&log));

    let (_test, db, log) = database(DOCUMENTS).await;
    let db = db.scoped::<Tenant>(1);
    let set = Document::SHOWN.set(1, [Color::Red]).execute(&db).await;
    set.unwrap();
    let add = Document::LABELS.unscoped_link().add(1, [Color::LightGreen]);
    assert!(add.execute(&db).await.is_err());
    expect![[r#"
        WITH removed AS (DELETE FROM "document_labels" AS l WHERE l."document_id" = $3 AND l."tenant" = $4 AND l."deleted" = $5 AND l."hidden" = $6 AND NOT (l."color" = ANY($2::text[]::color[])) RETURNING 1), added AS (INSERT INTO "document_labels" ("document_id", "color", "tenant") SELECT k.c0, k.c1, $7::int4 FROM unnest($1::int8[], $2::text[]::color[]) WITH ORDINALITY AS k(c0, c1, n) WHERE NOT EXISTS (SELECT FROM "document_labels" AS l WHERE l."document_id" = k.c0 AND l."color" = k.c1 AND l."tenant" = $8 AND l."deleted" = $9 AND l."hidden" = $10) GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT DO NOTHING RETURNING 1) SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM removed)
        INSERT INTO "document_labels" ("document_id", "color") SELECT k.c0, k.c1 FROM unnest($1::int8[], $2::text[]::color[]) WITH ORDINALITY AS k(c0, c1, n) WHERE NOT EXISTS (SELECT FROM "document_labels" AS l WHERE l."document_id" = k.c0 AND l."color" = k.c1) GROUP BY k.c0, k.c1 ORDER BY min(k.n) ON CONFLICT DO NOTHING"#]].assert_eq(&texts(&log));
}

fn texts(log: &StatementLog) -> String {
    let texts: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    texts.join("\n")
}
