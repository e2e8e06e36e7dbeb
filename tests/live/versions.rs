//! Versions: an update of what somebody else has changed is refused.

use unlazy::{Db, Entity, Error, Patch, Unloaded};

use crate::fixture::{assert_statements, database};

const SCHEMA: &str = "
    CREATE TABLE accounts (
        bank text, number int4, balance int8 NOT NULL, open bool NOT NULL DEFAULT true, version int8 NOT NULL DEFAULT 1,
        PRIMARY KEY (bank, number)
    );
    INSERT INTO accounts VALUES ('a', 1, 100), ('a', 2, 200);
    CREATE TABLE lines (id int8 PRIMARY KEY, bank text NOT NULL, number int4 NOT NULL, rev int2 NOT NULL DEFAULT 0);
    INSERT INTO lines VALUES (1, 'a', 1);
";

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "accounts")]
struct Account<Lines = Unloaded> {
    #[entity(primary_key)]
    bank: String,
    #[entity(primary_key)]
    number: i32,
    balance: i64,
    #[entity(default)]
    open: bool,
    #[entity(version)]
    version: i64,
    #[entity(has_many(Line, foreign_key = (bank, number)))]
    lines: Lines,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "lines")]
struct Line {
    #[entity(primary_key)]
    id: i64,
    bank: String,
    number: i32,
    #[entity(version, column = "rev", type = "int2")]
    revision: i16,
}

#[derive(Patch, Default)]
#[patch(Account)]
struct AccountPatch {
    balance: Option<i64>,
}

async fn account(db: &Db) -> Account {
    Account::find(("a".to_owned(), 1)).one(db).await.unwrap()
}

#[track_caller]
fn assert_stale<T: std::fmt::Debug>(outcome: unlazy::Result<T>) {
    let error = outcome.unwrap_err();
    let Error::Stale { entity, key } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((*entity, &**key), ("Account", r#"("a", 1)"#));
    assert!(!error.is_retryable());
    assert_eq!(
        error.to_string(),
        r#"the row ("a", 1) of `Account` has been changed or deleted since it was read, or is hidden by a scope"#
    );
}

#[tokio::test]
async fn a_version_begins_with_the_databases_default_and_counts_up() {
    let (_test, db, log) = database(SCHEMA).await;
    let new = NewAccount {
        bank: "b".to_owned(),
        number: 1,
        balance: 5,
    };
    let first = Account::insert(new).one(&db).await.unwrap();
    assert_eq!(first.version, 1);
    let set =
        |account: &Account, balance| Account::update().of(account).set(Account::BALANCE, balance);
    let second = set(&first, 6).one(&db).await.unwrap();
    assert_eq!((second.balance, second.version), (6, 2));
    // What came back can be updated again.
    assert_eq!(set(&second, 7).execute(&db).await.unwrap(), 1);
    assert_statements(&log, 3);
    // Updates that are not of an entity count as well.
    let all = Account::update()
        .all_rows()
        .set(Account::OPEN, false)
        .returning(Account::VERSION);
    let mut versions = all.all(&db).await.unwrap();
    versions.sort();
    assert_eq!(versions, [2, 2, 4]);

    let line = Line::find(1).one(&db).await.unwrap();
    let line = Line::update()
        .of(&line)
        .set(Line::NUMBER, 2)
        .one(&db)
        .await
        .unwrap();
    assert_eq!(line.revision, 1);
}

#[tokio::test]
async fn a_change_of_what_somebody_else_has_changed_is_refused() {
    let (_test, db, log) = database(SCHEMA).await;
    let stale = Account::find(("a".to_owned(), 1))
        .with(Account::LINES)
        .one(&db)
        .await
        .unwrap();
    let of_current = Account::update()
        .of(&account(&db).await)
        .set(Account::BALANCE, Account::BALANCE - 30);
    of_current.execute(&db).await.unwrap();
    log.take();

    let update = || Account::update().of(&stale).set(Account::BALANCE, 0);
    assert_stale(update().execute(&db).await);
    assert_stale(update().one(&db).await);
    assert_stale(update().one_or_none(&db).await);
    assert_stale(update().all(&db).await);
    assert_stale(update().returning(Account::VERSION).all(&db).await);
    assert_stale(update().returning(Account::VERSION).one_or_none(&db).await);
    assert_stale(Account::delete().of(&stale).execute(&db).await);
    assert_stale(Account::delete().of(&stale).all(&db).await);
    assert_statements(&log, 8);
    let now = account(&db).await;
    assert_eq!((now.balance, now.version), (70, 2));

    // Without a look at the version.
    let anyway = Account::update()
        .filter(Account::BANK.eq("a") & Account::NUMBER.eq(1))
        .set(Account::BALANCE, 0);
    assert_eq!(anyway.one(&db).await.unwrap().version, 3);
    assert_eq!(
        Account::delete()
            .of(&account(&db).await)
            .execute(&db)
            .await
            .unwrap(),
        1
    );
    // A row that is gone is stale too.
    assert_stale(update().execute(&db).await);
}

#[tokio::test]
async fn an_update_that_sets_nothing_leaves_the_version_alone() {
    let (_test, db, log) = database(SCHEMA).await;
    let first = account(&db).await;
    log.take();
    let update = |patch| Account::update().of(&first).patch(patch);
    assert_eq!(
        update(AccountPatch::default()).execute(&db).await.unwrap(),
        0
    );
    assert_statements(&log, 0);
    assert_eq!(
        update(AccountPatch::default()).one(&db).await.unwrap(),
        first
    );
    let changed = update(AccountPatch { balance: Some(1) }).one(&db).await;
    assert_eq!(changed.unwrap().version, 2);
    // Who asks for the row as it is asks for that of the entity.
    assert_stale(update(AccountPatch::default()).one(&db).await);
}

#[tokio::test]
async fn of_two_writers_who_read_the_same_row_one_is_refused() {
    let (_test, db, _) = database(SCHEMA).await;
    let (mine, yours) = (account(&db).await, account(&db).await);
    // Each computes the new balance in the program, which is how updates are lost.
    let withdraw = |account: Account, amount: i64| {
        let db = db.clone();
        tokio::spawn(async move {
            db.transaction(async |tx| {
                let balance = account.balance - amount;
                Account::update()
                    .of(&account)
                    .set(Account::BALANCE, balance)
                    .one(tx)
                    .await
            })
            .await
        })
    };
    let (first, second) = tokio::join!(withdraw(mine, 10), withdraw(yours, 20));
    let outcomes = [first.unwrap(), second.unwrap()];
    let won: Vec<_> = outcomes.iter().flatten().collect();
    let [winner] = won[..] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(account(&db).await, *winner);
    let [loser] = outcomes
        .into_iter()
        .filter(Result::is_err)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_stale(loser);
}

#[tokio::test]
async fn a_writer_who_had_to_wait_for_the_row_sees_its_new_version() {
    let (_test, db, _) = database(SCHEMA).await;
    let read = account(&db).await;
    let waiting = db
        .transaction(async |tx| {
            let update = Account::update().of(&read).set(Account::BALANCE, 1);
            update.execute(tx).await?;
            let (db, read) = (db.clone(), read.clone());
            let other = tokio::spawn(async move {
                let update = Account::update().of(&read).set(Account::BALANCE, 2);
                update.execute(&db).await
            });
            // The row is locked by this transaction, so the other one cannot be done whatever happens first.
            tokio::task::yield_now().await;
            Ok::<_, Error>(other)
        })
        .await
        .unwrap();
    assert_stale(waiting.await.unwrap());
    assert_eq!(account(&db).await.balance, 1);
}

#[tokio::test]
async fn an_upsert_that_updates_a_row_counts_too() {
    let (_test, db, _) = database(SCHEMA).await;
    let new = |number| NewAccount {
        bank: "a".to_owned(),
        number,
        balance: 5,
    };
    let upsert = |number| Account::insert(new(number)).on_conflict(Account::PRIMARY_KEY);
    let updated = upsert(1)
        .set(
            Account::BALANCE,
            Account::BALANCE + Account::BALANCE.excluded(),
        )
        .one(&db)
        .await
        .unwrap();
    assert_eq!((updated.balance, updated.version), (105, 2));
    assert_eq!(upsert(1).update().one(&db).await.unwrap().version, 3);
    assert_eq!(upsert(9).update().one(&db).await.unwrap().version, 1);
    // Also where the new row has a version of its own.
    let imported = Account::insert(new(1))
        .set_generated(Account::VERSION, 70)
        .on_conflict(Account::PRIMARY_KEY)
        .update();
    assert_eq!(imported.one(&db).await.unwrap().version, 4);
}
