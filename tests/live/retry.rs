//! Transactions that conflict with others and are run again.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::try_join;
use orm_test::TestDb;
use tokio::sync::Barrier;
use unlazy::{Db, Entity, Error, Isolation, Result, Retry, StatementLog, TransactionOptions, sql};

use crate::fixture::*;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "doctors")]
struct Doctor {
    #[entity(primary_key)]
    id: i64,
    on_call: bool,
}

async fn hospital() -> (TestDb, Db, StatementLog) {
    // An index, or the whole table would be read, and everybody would be in conflict with everybody.
    let schema = "CREATE TABLE doctors (id int8 PRIMARY KEY, on_call bool NOT NULL);
                  INSERT INTO doctors VALUES (1, true), (2, true);";
    database(schema).await
}

fn serializable() -> Retry {
    TransactionOptions::new()
        .isolation(Isolation::Serializable)
        .into()
}

fn repeatable_read() -> Retry {
    TransactionOptions::new()
        .isolation(Isolation::RepeatableRead)
        .into()
}

async fn on_call(db: &Db) -> u64 {
    let on_call = Doctor::query().filter(Doctor::ON_CALL.eq(true));
    on_call.count(db).await.unwrap()
}

/// Goes home unless nobody would be left, in a task of its own. The first attempts of all meet after they have looked.
fn go_home(
    db: &Db,
    id: i64,
    met: &Arc<Barrier>,
    attempts: &Arc<AtomicUsize>,
) -> tokio::task::JoinHandle<Result<bool>> {
    let (db, met, attempts) = (db.clone(), met.clone(), attempts.clone());
    tokio::spawn(async move {
        let first = AtomicUsize::new(0);
        db.transaction_retrying(serializable(), |tx| {
            let (met, attempts, first) = (&met, &attempts, &first);
            async move {
                attempts.fetch_add(1, Ordering::SeqCst);
                let on_call = Doctor::query().filter(Doctor::ON_CALL.eq(true));
                let others = on_call.count(&tx).await?;
                if first.fetch_add(1, Ordering::SeqCst) == 0 {
                    met.wait().await;
                }
                if others < 2 {
                    return Ok(false);
                }
                Doctor::update()
                    .filter(Doctor::ID.eq(id))
                    .set(Doctor::ON_CALL, false)
                    .execute(&tx)
                    .await?;
                Ok(true)
            }
        })
        .await
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_skew_each_others_reads_one_is_run_again() {
    let (_test, db, _) = hospital().await;
    for _ in 0..5 {
        unlazy::execute(sql!("UPDATE doctors SET on_call = true"), &db)
            .await
            .unwrap();
        let (met, attempts) = (Arc::new(Barrier::new(2)), Arc::default());
        let one = go_home(&db, 1, &met, &attempts);
        let other = go_home(&db, 2, &met, &attempts);
        let gone = [one.await.unwrap().unwrap(), other.await.unwrap().unwrap()];
        assert_eq!(gone.iter().filter(|gone| **gone).count(), 1, "{gone:?}");
        assert_eq!(on_call(&db).await, 1);
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_conflict_that_only_the_commit_finds_is_run_again() {
    let (_test, db, log) = hospital().await;
    let other = db.clone().logged(&StatementLog::new());
    let leave = |id| {
        Doctor::update()
            .filter(Doctor::ID.eq(id))
            .set(Doctor::ON_CALL, false)
    };
    let attempts = AtomicUsize::new(0);
    let (attempts, other_db) = (&attempts, &other);
    let gone = db
        .transaction_retrying(serializable(), |tx| async move {
            let on_call = || Doctor::query().filter(Doctor::ON_CALL.eq(true));
            if on_call().count(&tx).await? < 2 {
                return Ok(false);
            }
            leave(1).execute(&tx).await?;
            if attempts.fetch_add(1, Ordering::SeqCst) == 0 {
                // Somebody else looks as well, sees both, leaves, and is done first.
                let options = TransactionOptions::new().isolation(Isolation::Serializable);
                other_db
                    .transaction_with(options, async |theirs| {
                        assert_eq!(on_call().count(theirs).await?, 2);
                        leave(2).execute(theirs).await
                    })
                    .await?;
            }
            Ok::<_, Error>(true)
        })
        .await;
    assert!(!gone.unwrap());
    assert_eq!(on_call(&db).await, 1);
    let failed: Vec<String> = log
        .take()
        .into_iter()
        .filter(|sent| sent.failed)
        .map(|sent| sent.sql)
        .collect();
    assert_eq!(failed, ["COMMIT"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_in_a_deadlock_one_is_run_again() {
    let (_test, db, _) = shop().await;
    let (met, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let rename_both = |first: i64, second: i64| {
        let (db, met, attempts) = (db.clone(), met.clone(), attempts.clone());
        tokio::spawn(async move {
            let tries = AtomicUsize::new(0);
            db.transaction_retrying(Retry::new(), |tx| {
                let (met, attempts, tries) = (&met, &attempts, &tries);
                async move {
                    attempts.fetch_add(1, Ordering::SeqCst);
                    unlazy::execute(sql!("SET LOCAL deadlock_timeout = '10ms'"), &tx).await?;
                    let rename = |id: i64| {
                        let name = format!("{id} by {first}");
                        User::update().filter(User::ID.eq(id)).set(User::NAME, name)
                    };
                    rename(first).execute(&tx).await?;
                    if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                        met.wait().await;
                    }
                    rename(second).execute(&tx).await?;
                    Ok::<_, Error>(())
                }
            })
            .await
        })
    };
    let (one, other) = (rename_both(7, 8), rename_both(8, 7));
    one.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    // Both rows are of the one that came last.
    let names = User::find_many([7, 8]).all(&db).await.unwrap();
    let by: Vec<&str> = names.iter().map(|user| &user.name[5..]).collect();
    assert!(by[0] == by[1], "{names:?}");
}

fn rename(name: impl Into<String>) -> unlazy::Update<User, unlazy::Filtered> {
    User::update()
        .filter(User::ID.eq(7))
        .set(User::NAME, name.into())
}

/// Counts the attempts of a transaction that is in conflict in its first ones.
struct Conflicts {
    attempts: AtomicUsize,
    last: usize,
}

impl Conflicts {
    fn until(last: usize) -> Self {
        Self {
            attempts: AtomicUsize::new(0),
            last,
        }
    }

    /// Reads a row, which somebody else changes afterwards, so that nobody can who has read it.
    async fn arise(&self, tx: &unlazy::Transaction, db: &Db) -> Result<()> {
        User::find(7).one(tx).await?;
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        if attempt < self.last {
            rename(format!("other {attempt}")).execute(db).await?;
        }
        Ok(())
    }

    fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_conflict_counts_whatever_error_is_made_of_it() {
    #[derive(Debug, PartialEq)]
    struct Opaque;

    impl From<Error> for Opaque {
        fn from(_: Error) -> Self {
            Self
        }
    }

    let (_test, db, _) = shop().await;
    let conflicts = Conflicts::until(2);
    let (conflicts, db_) = (&conflicts, &db);
    let outcome: Result<u64, Opaque> = db
        .transaction_retrying(repeatable_read(), |tx| async move {
            conflicts.arise(&tx, db_).await?;
            Ok(rename("mine").execute(&tx).await?)
        })
        .await;
    assert_eq!(outcome, Ok(1));
    assert_eq!(conflicts.attempts(), 3);

    // Or none at all.
    let conflicts = Conflicts::until(1);
    let conflicts = &conflicts;
    let outcome: Result<()> = db
        .transaction_retrying(repeatable_read(), |tx| async move {
            conflicts.arise(&tx, db_).await?;
            let _ = rename("mine too").execute(&tx).await;
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(conflicts.attempts(), 2);
    assert!(is_saved(&db, "mine too").await);
}

#[tokio::test]
async fn when_the_attempts_are_used_up_it_is_the_last_error() {
    let (test, _, log) = shop().await;
    let db = one_connection(&test).logged(&log);
    let other = connect(&test.url());
    let other = &other;
    let no_delay = repeatable_read().backoff(Duration::ZERO, Duration::ZERO);
    for (retry, attempts) in [(no_delay.attempts(3), 3), (no_delay.attempts(0), 1)] {
        let conflicts = Conflicts::until(usize::MAX);
        let conflicts = &conflicts;
        let outcome = db
            .transaction_retrying(retry, |tx| async move {
                conflicts.arise(&tx, other).await?;
                rename("mine").execute(&tx).await
            })
            .await;
        assert!(
            matches!(outcome, Err(Error::SerializationFailure(_))),
            "{outcome:?}"
        );
        assert_eq!(conflicts.attempts(), attempts);
        let rolled_back = take_sql(&log);
        let rolled_back = rolled_back.iter().filter(|sql| *sql == "ROLLBACK");
        assert_eq!(rolled_back.count(), attempts);
    }
    no_transaction_is_open(&test, &db).await;
}

#[tokio::test]
async fn nothing_else_is_run_again() {
    let (_test, db, _) = shop().await;
    let attempts = AtomicUsize::new(0);
    let attempts = &attempts;
    let count = || attempts.fetch_add(1, Ordering::SeqCst);

    let taken = db
        .transaction_retrying(serializable(), |tx| async move {
            count();
            User::insert(new_user("ann")).execute(&tx).await
        })
        .await;
    assert!(matches!(taken, Err(Error::Constraint { .. })), "{taken:?}");
    assert_eq!(attempts.swap(0, Ordering::SeqCst), 1);

    let own: Result<()> = db
        .transaction_retrying(Retry::new(), |_| async {
            count();
            Err(Error::PoolTimeout)
        })
        .await;
    assert!(matches!(own, Err(Error::PoolTimeout)), "{own:?}");
    assert_eq!(attempts.swap(0, Ordering::SeqCst), 1);

    let saved = db
        .transaction_retrying(Retry::new(), |tx| async move {
            count();
            User::insert(new_user("eve")).execute(&tx).await
        })
        .await;
    saved.unwrap();
    assert_eq!(attempts.swap(0, Ordering::SeqCst), 1);
    assert!(is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_conflict_in_a_savepoint_counts_unless_the_function_went_on() {
    let (_test, db, _) = shop().await;
    let db_ = &db;
    let in_savepoint = async |tx: &mut unlazy::Transaction| {
        tx.savepoint(async |sp| rename("mine").execute(sp).await)
            .await
    };
    let in_savepoint = &in_savepoint;

    let conflicts = Conflicts::until(1);
    let conflicts_ = &conflicts;
    let passed_on = db
        .transaction_retrying(repeatable_read(), |mut tx| async move {
            conflicts_.arise(&tx, db_).await?;
            // It is not this error that tells.
            in_savepoint(&mut tx).await.map_err(|_| Error::PoolTimeout)
        })
        .await;
    assert_eq!(passed_on.unwrap(), 1);
    assert_eq!(conflicts.attempts(), 2);

    let conflicts = Conflicts::until(1);
    let conflicts_ = &conflicts;
    let went_on: Result<()> = db
        .transaction_retrying(repeatable_read(), |mut tx| async move {
            conflicts_.arise(&tx, db_).await?;
            assert!(in_savepoint(&mut tx).await.unwrap_err().is_retryable());
            User::find(8).one(&tx).await?;
            Err(Error::PoolTimeout)
        })
        .await;
    assert!(matches!(went_on, Err(Error::PoolTimeout)), "{went_on:?}");
    assert_eq!(conflicts.attempts(), 1);

    let conflicts = Conflicts::until(1);
    let conflicts_ = &conflicts;
    let failed_otherwise = db
        .transaction_retrying(repeatable_read(), |mut tx| async move {
            conflicts_.arise(&tx, db_).await?;
            assert!(in_savepoint(&mut tx).await.unwrap_err().is_retryable());
            tx.batch_execute("INSERT INTO users (name) VALUES ('ben')")
                .await
        })
        .await;
    assert!(
        matches!(failed_otherwise, Err(Error::Constraint { .. })),
        "{failed_otherwise:?}"
    );
    assert_eq!(conflicts.attempts(), 1);
}

/// Polls a statement once. It is not answered at once.
async fn is_sent(statement: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *statement).poll(context).is_pending())).await
}

#[tokio::test]
async fn a_conflict_among_statements_that_are_sent_together() {
    let (test, _, _) = shop().await;
    let (db, other) = (one_connection(&test), connect(&test.url()));
    let conflicts = Conflicts::until(1);
    let (conflicts, other) = (&conflicts, &other);
    let (mine, theirs) = (|| rename("mine"), User::query);
    // Both are prepared, so that they are sent when they are polled.
    db.transaction(async |tx| {
        mine().execute(tx).await?;
        theirs().count(tx).await
    })
    .await
    .unwrap();
    // Whichever is read first: the error is that of what failed, and not that of what was sent behind it.
    for mine_first in [true, false] {
        conflicts.attempts.store(0, Ordering::SeqCst);
        let outcome = db
            .transaction_retrying(repeatable_read(), |tx| async move {
                conflicts.arise(&tx, other).await?;
                let (mine, theirs) = (mine().execute(&tx), theirs().count(&tx));
                let (mut mine, mut theirs) = (Box::pin(mine), Box::pin(theirs));
                assert!(is_sent(&mut mine).await);
                assert!(is_sent(&mut theirs).await);
                tokio::time::sleep(Duration::from_millis(100)).await;
                let outcome = match mine_first {
                    true => try_join(mine, theirs).await,
                    false => try_join(theirs, mine).await,
                };
                if let Err(error) = &outcome {
                    assert!(matches!(error, Error::SerializationFailure(_)), "{error:?}");
                }
                outcome
            })
            .await;
        outcome.unwrap();
        assert_eq!(conflicts.attempts(), 2);
        no_transaction_is_open(&test, &db).await;
    }
}
