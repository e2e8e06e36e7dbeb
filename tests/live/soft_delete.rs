//! Rows that are deleted, and still there.

use chrono::{DateTime, Utc};
use unlazy::{Db, Entity, Error, Query, Scope, Unloaded};

use crate::fixture::{assert_statements, database};

/// Each tenant has users 1 to 3 and 4 to 6; users 3 and 6 are deleted, and so is the comment 2.
const SCHEMA: &str = "
    CREATE TABLE users (
        id int8 PRIMARY KEY, tenant_id int8 NOT NULL, name text NOT NULL, deleted_at timestamptz,
        version int4 NOT NULL DEFAULT 1
    );
    INSERT INTO users VALUES
        (1, 1, 'ann', NULL), (2, 1, 'ben', NULL), (3, 1, 'cleo', '2020-01-01Z'),
        (4, 2, 'dan', NULL), (5, 2, 'eve', NULL), (6, 2, 'fay', '2021-01-01Z');
    CREATE TABLE comments (
        id int8 PRIMARY KEY, author_id int8 NOT NULL, editor_id int8, deleted bool NOT NULL DEFAULT false
    );
    INSERT INTO comments VALUES (1, 1, 3, false), (2, 1, NULL, true), (3, 3, 2, false), (4, 2, NULL, false);
";

enum Tenant {}

impl Scope for Tenant {
    type Value = i64;
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "users")]
struct User<Comments = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(scope = Tenant)]
    tenant_id: i64,
    name: String,
    #[entity(soft_delete)]
    deleted_at: Option<DateTime<Utc>>,
    #[entity(version)]
    version: i32,
    #[entity(has_many(Comment, foreign_key = author_id))]
    comments: Comments,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "comments")]
struct Comment<Author = Unloaded, Editor = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    author_id: i64,
    editor_id: Option<i64>,
    #[entity(soft_delete)]
    deleted: bool,
    #[entity(belongs_to(User, foreign_key = author_id))]
    author: Author,
    #[entity(belongs_to(User, foreign_key = editor_id))]
    editor: Editor,
}

macro_rules! ids {
    ($rows:expr) => {
        $rows.iter().map(|row| row.id).collect::<Vec<i64>>()
    };
}

async fn users(query: Query<User>, db: &Db) -> Vec<i64> {
    ids!(query.all(db).await.unwrap())
}

#[tokio::test]
async fn a_deleted_row_is_hidden_and_comes_back() {
    let (_test, db, log) = database(SCHEMA).await;
    let db = db.scoped::<Tenant>(1);
    let ann = User::find(1).one(&db).await.unwrap();
    let [deleted] = User::delete()
        .of(&ann)
        .all(&db)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    // It is returned as it is now.
    let expected = User {
        deleted_at: deleted.deleted_at,
        version: 2,
        ..ann.clone()
    };
    assert_eq!(deleted, expected);
    let age = Utc::now() - deleted.deleted_at.unwrap();
    assert!(age.num_minutes().abs() < 60, "{age}");
    assert_statements(&log, 2);

    assert_eq!(users(User::query(), &db).await, [2]);
    assert_eq!(User::query().count(&db).await.unwrap(), 1);
    assert_eq!(User::find(1).one_or_none(&db).await.unwrap(), None);
    let rename = || User::update().filter(User::ID.eq(1)).set(User::NAME, "x");
    assert_eq!(rename().execute(&db).await.unwrap(), 0);

    assert_eq!(users(User::query().with_deleted(), &db).await, [1, 2, 3]);
    let restored = User::update()
        .with_deleted()
        .of(&deleted)
        .set(User::DELETED_AT, None)
        .one(&db)
        .await
        .unwrap();
    assert_eq!(restored, User { version: 3, ..ann });
    assert_eq!(users(User::query(), &db).await, [1, 2]);
}

#[tokio::test]
async fn what_is_deleted_already_is_not_deleted_again() {
    let (_test, db, _) = database(SCHEMA).await;
    let db = db.scoped::<Tenant>(1);
    let cleo = User::find(3).with_deleted().one(&db).await.unwrap();
    // By a filter there is nothing to delete; of an entity with a version it is stale.
    let again = || User::delete().filter(User::ID.eq(3));
    assert_eq!(again().execute(&db).await.unwrap(), 0);
    assert_eq!(again().with_deleted().execute(&db).await.unwrap(), 0);
    assert_eq!(again().unscoped().execute(&db).await.unwrap(), 0);
    assert_eq!(again().execute(&db.unscoped()).await.unwrap(), 0);
    let stale = User::delete().of(&cleo).execute(&db).await;
    assert!(
        matches!(stale, Err(Error::Stale { entity: "User", .. })),
        "{stale:?}"
    );
    assert_eq!(User::find(3).with_deleted().one(&db).await.unwrap(), cleo);
}

#[tokio::test]
async fn other_scopes_hold_for_what_is_deleted() {
    let (_test, db, _) = database(SCHEMA).await;
    let first = db.scoped::<Tenant>(1);
    assert_eq!(users(User::query().with_deleted(), &first).await, [1, 2, 3]);
    assert_eq!(
        users(User::query().unscoped(), &first).await,
        [1, 2, 3, 4, 5, 6]
    );
    assert!(matches!(
        User::query().with_deleted().all(&db).await,
        Err(Error::MissingScope { .. })
    ));
    let restore = User::update()
        .with_deleted()
        .all_rows()
        .set(User::DELETED_AT, None);
    assert_eq!(restore.execute(&first).await.unwrap(), 3);
    assert_eq!(
        users(User::query(), &first.scoped::<Tenant>(2)).await,
        [4, 5]
    );
    assert_eq!(User::delete().all_rows().execute(&first).await.unwrap(), 3);
    assert_eq!(
        users(User::query().unscoped(), &db).await,
        [1, 2, 3, 4, 5, 6]
    );
}

#[tokio::test]
async fn rows_are_deleted_for_good_if_that_is_said() {
    let (_test, db, _) = database(SCHEMA).await;
    let db = db.scoped::<Tenant>(1);
    let ben = User::find(2).one(&db).await.unwrap();
    assert_eq!(
        User::delete().for_good().of(&ben).one(&db).await.unwrap(),
        ben
    );
    // Those that are deleted softly are hidden from it too.
    let old = || {
        User::delete()
            .for_good()
            .filter(User::DELETED_AT.is_not_null())
    };
    assert_eq!(old().execute(&db).await.unwrap(), 0);
    assert_eq!(old().with_deleted().execute(&db).await.unwrap(), 1);
    assert_eq!(users(User::query().with_deleted(), &db).await, [1]);
}

#[tokio::test]
async fn related_rows_that_are_deleted_are_hidden_too() {
    let (_test, db, _) = database(SCHEMA).await;
    let db = db.scoped::<Tenant>(1);
    let ann = User::find(1).with(User::COMMENTS).one(&db).await.unwrap();
    assert_eq!(ids!(ann.comments), [1]);
    let all = User::find(1)
        .with(User::COMMENTS.with_deleted())
        .one(&db)
        .await
        .unwrap();
    assert_eq!(ids!(all.comments), [1, 2]);
    let counts: (User, i64, i64) = User::find(1)
        .annotate((
            User::COMMENTS.count(),
            User::COMMENTS.with_deleted().count(),
        ))
        .one(&db)
        .await
        .unwrap();
    assert_eq!((counts.1, counts.2), (1, 2));

    // Comment 1 has an editor who is deleted, comment 3 such an author.
    for editor in [Comment::EDITOR.joined(), Comment::EDITOR.selectin()] {
        let comment = Comment::find(1)
            .with(editor.clone())
            .one(&db)
            .await
            .unwrap();
        assert_eq!(*comment.editor, None);
        let comment = Comment::find(1)
            .with(editor.with_deleted())
            .one(&db)
            .await
            .unwrap();
        assert_eq!(comment.editor.as_ref().unwrap().name, "cleo");
    }
    let missing = Comment::find(3).with(Comment::AUTHOR).one(&db).await;
    assert!(
        matches!(missing, Err(Error::MissingTarget { .. })),
        "{missing:?}"
    );
    let by_known = |relation: unlazy::Predicate<Comment>| Comment::query().filter(relation);
    let visible = by_known(Comment::AUTHOR.exists()).all(&db).await.unwrap();
    assert_eq!(ids!(visible), [1, 4]);
    let visible = by_known(Comment::AUTHOR.with_deleted().exists())
        .all(&db)
        .await
        .unwrap();
    assert_eq!(ids!(visible), [1, 3, 4]);
    // A join that hides what the condition is to see is not used for it.
    let with_editor = Comment::query()
        .with(Comment::EDITOR)
        .filter(Comment::EDITOR.with_deleted().has(User::NAME.eq("cleo")))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(ids!(with_editor), [1]);
    assert_eq!(*with_editor[0].editor, None);
}

#[tokio::test]
async fn a_flag_marks_rows_as_well_and_new_rows_have_none() {
    let (_test, db, _) = database(SCHEMA).await;
    let new = NewComment {
        id: 9,
        author_id: 1,
        editor_id: None,
    };
    let comment = Comment::insert(new).one(&db).await.unwrap();
    assert!(!comment.deleted);
    let deleted = Comment::delete().of(&comment).one(&db).await.unwrap();
    assert!(deleted.deleted);
    let left = Comment::delete()
        .filter(Comment::AUTHOR_ID.eq(1))
        .returning((Comment::ID, Comment::DELETED))
        .all(&db)
        .await
        .unwrap();
    assert_eq!(left, [(1, true)]);
    let imported = Comment::update()
        .with_deleted()
        .of(&deleted)
        .set(Comment::DELETED, false);
    assert_eq!(imported.one(&db).await.unwrap(), comment);
}

#[tokio::test]
async fn an_upsert_leaves_deleted_rows_alone_unless_they_are_asked_for() {
    let (_test, db, _) = database(SCHEMA).await;
    let db = db.scoped::<Tenant>(1);
    let upsert = |id| {
        let new = NewUser {
            id,
            tenant_id: 1,
            name: "new".to_owned(),
        };
        User::insert(new)
            .on_conflict(User::PRIMARY_KEY)
            .set_excluded(User::NAME)
    };
    let hidden = upsert(3).one(&db).await;
    assert!(
        matches!(hidden, Err(Error::NotWritten { .. })),
        "{hidden:?}"
    );
    let still_deleted = upsert(3).with_deleted().one(&db).await.unwrap();
    assert_eq!(still_deleted.name, "new");
    assert!(still_deleted.deleted_at.is_some());
    let back = upsert(3).with_deleted().set(User::DELETED_AT, None);
    assert_eq!(back.one(&db).await.unwrap().deleted_at, None);
    // Other scopes hold.
    assert!(upsert(6).with_deleted().one(&db).await.is_err());
}
