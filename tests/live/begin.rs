//! How transactions begin and end: what is sent, when, and on whose connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use unlazy::{
    Db, Error, Isolation, PgType, Result, Retry, Transaction, TransactionOptions, Value, sql,
};

use crate::fixture::*;

/// Inserts a user, and gives up.
async fn insert_and_give_up(tx: &Transaction, name: &str) -> Result<()> {
    User::insert(new_user(name)).execute(tx).await?;
    Err(Error::Aborted)
}

#[tokio::test]
async fn a_transaction_of_one_statement_is_two_round_trips() {
    let (test, _, _) = shop().await;
    let proxy = test.proxy(Duration::from_millis(2)).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    let insert = async |options: TransactionOptions, name: &str| {
        proxy.reset();
        let insert = User::insert(new_user(name));
        db.transaction_with(options, async |tx| insert.execute(tx).await)
            .await
            .unwrap();
        proxy.round_trips()
    };
    User::query().count(&db).await.unwrap();
    let new = TransactionOptions::new;
    // Preparing it goes with the BEGIN.
    assert_eq!(insert(new(), "eve").await, 3);
    assert_eq!(insert(new(), "fay").await, 2);
    assert_eq!(
        insert(new().isolation(Isolation::Serializable), "gus").await,
        2
    );
    assert_eq!(insert(new().begin_first(), "hal").await, 3);

    proxy.reset();
    db.transaction(async |tx| {
        tx.savepoint(async |outer| {
            outer
                .savepoint(async |inner| User::insert(new_user("ida")).execute(inner).await)
                .await
        })
        .await
    })
    .await
    .unwrap();
    // BEGIN, two SAVEPOINTs and the statement; two RELEASEs; COMMIT.
    assert_eq!(proxy.round_trips(), 4);
    assert_eq!(User::query().count(&db).await.unwrap(), 9);
}

#[tokio::test]
async fn without_a_statement_nothing_is_sent() {
    let (test, _, log) = shop().await;
    let proxy = test.proxy(Duration::from_millis(2)).await.unwrap();
    let db = Db::connect(&proxy.url()).unwrap().logged(&log);
    User::query().count(&db).await.unwrap();
    log.take();
    proxy.reset();
    let value = db
        .transaction(async |tx| {
            let inner = tx.savepoint(async |_| Ok::<_, Error>(1)).await?;
            let failed: Result<()> = tx.savepoint(async |_| Err(Error::Aborted)).await;
            failed.unwrap_err();
            Ok::<_, Error>(inner + 1)
        })
        .await;
    assert_eq!(value.unwrap(), 2);
    let failed: Result<()> = db.transaction(async |_| Err(Error::PoolTimeout)).await;
    assert!(matches!(failed, Err(Error::PoolTimeout)));
    assert_eq!(take_sql(&log), [""; 0]);
    assert_eq!(proxy.round_trips(), 0);
}

#[tokio::test]
async fn the_log_has_what_is_sent_in_its_order() {
    let (_test, db, log) = shop().await;
    let new = TransactionOptions::new;
    let serializable = new().isolation(Isolation::Serializable);
    for (options, begin) in [
        (new(), "BEGIN"),
        (new().read_only(false), "BEGIN READ WRITE"),
        (
            new().isolation(Isolation::ReadCommitted).read_only(true),
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        ),
        (
            new().isolation(Isolation::RepeatableRead),
            "BEGIN ISOLATION LEVEL REPEATABLE READ",
        ),
        (
            serializable.read_only(true).deferrable(),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
        ),
        (
            serializable.begin_first(),
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
        ),
    ] {
        db.transaction_with(options, async |tx| {
            unlazy::execute(sql!("SELECT 1"), tx).await?;
            tx.savepoint(async |sp| unlazy::execute(sql!("SELECT 2"), sp).await)
                .await
        })
        .await
        .unwrap();
        assert_eq!(
            take_sql(&log),
            [
                begin,
                "SELECT 1",
                "SAVEPOINT \"unlazy 1\"",
                "SELECT 2",
                "RELEASE \"unlazy 1\"",
                "COMMIT"
            ]
        );
    }
}

#[tokio::test]
async fn statements_that_are_sent_together_begin_it_once() {
    let (_test, db, log) = shop().await;
    let outcome = db
        .transaction(async |tx| {
            let insert = |name| User::insert(new_user(name)).execute(&*tx);
            tokio::try_join!(insert("eve"), insert("fay"), insert("gus"))?;
            Err::<(), _>(Error::PoolTimeout)
        })
        .await;
    assert!(matches!(outcome, Err(Error::PoolTimeout)), "{outcome:?}");
    let sent = take_sql(&log);
    assert_eq!(sent.first().map(String::as_str), Some("BEGIN"));
    assert_eq!(sent.iter().filter(|sql| *sql == "BEGIN").count(), 1);
    assert_eq!(sent.last().map(String::as_str), Some("ROLLBACK"));
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_share_a_transaction_begin_it_once() {
    let (_test, db, log) = shop().await;
    for round in 0..30 {
        let outcome: Result<()> = db
            .transaction_retrying(Retry::new(), |tx| async move {
                let tx = Arc::new(tx);
                let tasks: Vec<_> = (0..4)
                    .map(|task| {
                        let tx = tx.clone();
                        tokio::spawn(async move {
                            let name = format!("user {round} {task}");
                            User::insert(new_user(name)).execute(&*tx).await
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap()?;
                }
                Err(Error::PoolTimeout)
            })
            .await;
        assert!(matches!(outcome, Err(Error::PoolTimeout)), "{outcome:?}");
        let begun = take_sql(&log);
        let begun = begun.iter().filter(|sql| *sql == "BEGIN");
        assert_eq!(begun.count(), 1);
    }
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[tokio::test]
async fn a_first_statement_that_fails_leaves_nothing_behind() {
    let (test, _, log) = shop().await;
    let db = one_connection(&test).logged(&log);
    let before = backend(&db).await;
    for _ in 0..2 {
        let refused = db
            .transaction(async |tx| User::insert(new_user("ann")).execute(tx).await)
            .await;
        assert!(
            matches!(refused, Err(Error::Constraint { .. })),
            "{refused:?}"
        );
        let unknown = db
            .transaction(async |tx| unlazy::execute(sql!("SELECT nonsense"), tx).await)
            .await;
        assert!(matches!(unknown, Err(Error::Database(_))), "{unknown:?}");
        let swallowed: Result<()> = db
            .transaction(async |tx| {
                let _ = unlazy::execute(sql!("SELECT nonsense"), tx).await;
                let after = User::insert(new_user("eve")).execute(tx).await;
                assert_eq!(
                    after.unwrap_err().as_db_error().unwrap().code().code(),
                    "25P02"
                );
                Ok(())
            })
            .await;
        assert!(matches!(swallowed, Err(Error::Aborted)), "{swallowed:?}");
        let unsent = db
            .transaction(async |tx| {
                let unfit = unlazy::execute(sql!("SELECT $1::date", "today"), tx).await;
                assert!(matches!(unfit, Err(Error::Database(_))), "{unfit:?}");
                insert_and_give_up(tx, "eve").await
            })
            .await;
        assert!(matches!(unsent, Err(Error::Aborted)), "{unsent:?}");
        no_transaction_is_open(&test, &db).await;
    }
    assert!(!is_saved(&db, "eve").await);
    assert_eq!(backend(&db).await, before);
}

/// Leaves the connection of a pool of one in a failed transaction, in which the server refuses a BEGIN.
async fn spoil(db: &Db) {
    let client = db.pool().get().await.unwrap();
    client
        .batch_execute("BEGIN; SELECT 1 / 0")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn nothing_is_sent_after_a_begin_that_was_refused() {
    let (test, _, log) = shop().await;
    let db = one_connection(&test).logged(&log);
    let before = backend(&db).await;
    spoil(&db).await;
    let outcome = db
        .transaction(async |tx| {
            let first = unlazy::execute(sql!("SELECT 1"), tx).await;
            assert!(matches!(first, Err(Error::NotBegun(_))), "{first:?}");
            assert_eq!(
                first
                    .as_ref()
                    .unwrap_err()
                    .as_db_error()
                    .unwrap()
                    .code()
                    .code(),
                "25P02"
            );
            let second = User::insert(new_user("eve")).execute(tx).await;
            assert!(matches!(second, Err(Error::Aborted)), "{second:?}");
            let in_savepoint: Result<u64> = tx
                .savepoint(async |sp| unlazy::execute(sql!("SELECT 2"), sp).await)
                .await;
            assert!(
                matches!(in_savepoint, Err(Error::Aborted)),
                "{in_savepoint:?}"
            );
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    assert_eq!(take_sql(&log), ["BEGIN", "SELECT 1"]);
    // Nobody else gets this connection.
    assert_ne!(backend(&db).await, before);
    no_transaction_is_open(&test, &db).await;

    spoil(&db).await;
    let options = TransactionOptions::new().begin_first();
    let outcome: Result<()> = db
        .transaction_with(options, async |_| unreachable!("it was not begun"))
        .await;
    assert!(matches!(outcome, Err(Error::Database(_))), "{outcome:?}");
    no_transaction_is_open(&test, &db).await;
}

#[tokio::test]
async fn a_deferrable_transaction_waits_for_those_that_could_make_it_fail() {
    let (test, db, _) = shop().await;
    let serializable = TransactionOptions::new().isolation(Isolation::Serializable);
    let deferrable = serializable.read_only(true).deferrable();
    let outside = test.connect().await.unwrap();
    let is_waiting = async || {
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event = 'SafeSnapshot'";
        outside
            .query_one(waits, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 1
    };
    let handle = db.clone();
    let count = db
        .transaction_with(serializable, async |tx| {
            User::query().count(tx).await?;
            User::insert(new_user("eve")).execute(tx).await?;
            let count = tokio::spawn(async move {
                handle
                    .transaction_with(deferrable, async |tx| User::query().count(tx).await)
                    .await
            });
            while !is_waiting().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(!count.is_finished());
            Ok::<_, Error>(count)
        })
        .await
        .unwrap();
    // One that began while it waits is as good as any.
    assert!((4..=5).contains(&count.await.unwrap().unwrap()));
}

#[tokio::test]
async fn a_handle_that_outlives_the_transaction_runs_nothing() {
    let (test, _, log) = shop().await;
    let db = one_connection(&test).logged(&log);
    let (handle, escapes) = tokio::sync::oneshot::channel();
    let mut handle = Some(handle);
    let saved: Result<()> = db
        .transaction_retrying(Retry::new(), |tx| {
            let handle = handle.take();
            async move {
                User::insert(new_user("eve")).execute(&tx).await?;
                let _ = handle.unwrap().send(tx);
                Ok(())
            }
        })
        .await;
    saved.unwrap();
    assert!(is_saved(&db, "eve").await);
    log.take();
    let mut tx = escapes.await.unwrap();
    let error = User::insert(new_user("fay"))
        .execute(&tx)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TransactionEnded), "{error:?}");
    let error = tx.batch_execute("SELECT 1").await.unwrap_err();
    assert!(matches!(error, Error::TransactionEnded), "{error:?}");
    let savepoint: Result<()> = tx.savepoint(async |_| Ok(())).await;
    assert!(
        matches!(savepoint, Err(Error::TransactionEnded)),
        "{savepoint:?}"
    );
    assert_eq!(take_sql(&log), [""; 0]);
    // While it is alive, somebody else has the connection.
    no_transaction_is_open(&test, &db).await;
    drop(tx);
    no_transaction_is_open(&test, &db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_outlives_the_transaction_is_given_up() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let (task, escapes) = tokio::sync::oneshot::channel();
    let mut task = Some(task);
    let sleeps = async |client: &tokio_postgres::Client| {
        let asleep = "SELECT FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event = 'PgSleep'";
        while client.query(asleep, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let outside = &test.connect().await.unwrap();
    let outcome: Result<()> = db
        .transaction_retrying(Retry::new(), |tx| {
            let task = task.take();
            async move {
                User::insert(new_user("eve")).execute(&tx).await?;
                let sleep = async move { unlazy::execute(sql!("SELECT pg_sleep(600)"), &tx).await };
                let _ = task.unwrap().send(tokio::spawn(sleep));
                sleeps(outside).await;
                Ok(())
            }
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    let given_up = escapes.await.unwrap().await.unwrap();
    assert!(
        matches!(given_up, Err(Error::TransactionEnded)),
        "{given_up:?}"
    );
    assert!(!is_saved(&db, "eve").await);
}

/// A name that says when it is being encoded, which is right before it is sent, and takes its time.
#[derive(Debug, Clone)]
struct Slow(String, Arc<Notify>);

impl ToSql for Slow {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.1.notify_one();
        std::thread::sleep(Duration::from_millis(100));
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <String as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

impl FromSql<'_> for Slow {
    fn from_sql(
        ty: &Type,
        raw: &[u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(String::from_sql(ty, raw)?, Arc::default()))
    }

    fn accepts(ty: &Type) -> bool {
        <String as FromSql<'_>>::accepts(ty)
    }
}

impl Value for Slow {
    const TYPE: PgType = PgType::new("text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_races_the_end_is_a_part_of_it_or_is_not_sent() {
    let (_test, db, _) = shop().await;
    let late = Mutex::new(None);
    let late_ = &late;
    let outcome: Result<()> = db
        .transaction_retrying(Retry::new(), |tx| async move {
            User::query().count(&tx).await?;
            let encoded = Arc::new(Notify::new());
            let name = Slow("eve".to_owned(), encoded.clone());
            let insert = sql!("INSERT INTO users (name) VALUES ($1)", name);
            let task = tokio::spawn(async move { unlazy::execute(insert, &tx).await });
            *late_.lock().unwrap() = Some(task);
            encoded.notified().await;
            Err(Error::PoolTimeout)
        })
        .await;
    assert!(matches!(outcome, Err(Error::PoolTimeout)), "{outcome:?}");
    let late = late.lock().unwrap().take().unwrap();
    let late = late.await.unwrap();
    // On a busy machine it may come before the end, and is rolled back.
    assert!(
        matches!(late, Ok(1) | Err(Error::TransactionEnded)),
        "{late:?}"
    );
    assert!(!is_saved(&db, "eve").await);
}

#[tokio::test]
async fn a_statement_that_nobody_polls_any_more_does_not_keep_the_transaction() {
    let (test, _, _) = shop().await;
    let db = connect(&test.url());
    let (send, escapes) = tokio::sync::oneshot::channel::<Pin<Box<dyn Future<Output = _>>>>();
    let mut send = Some(send);
    let outcome: Result<()> = db
        .transaction_retrying(Retry::new(), |tx| {
            let send = send.take();
            async move {
                User::insert(new_user("eve")).execute(&tx).await?;
                let mut statement: Pin<Box<dyn Future<Output = _>>> =
                    Box::pin(
                        async move { unlazy::execute(sql!("SELECT pg_sleep(0.1)"), &tx).await },
                    );
                let sent = poll_fn(|context| Poll::Ready(statement.as_mut().poll(context)));
                assert!(sent.await.is_pending());
                assert!(send.unwrap().send(statement).is_ok());
                Ok(())
            }
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    // What follows it is sent already.
    no_transaction_is_open(&test, &db).await;
    assert!(!is_saved(&db, "eve").await);
    let given_up: Result<u64> = escapes.await.unwrap().await;
    assert!(
        matches!(given_up, Err(Error::TransactionEnded)),
        "{given_up:?}"
    );
}

#[tokio::test]
async fn a_savepoint_whose_future_is_dropped_is_undone() {
    let (_test, db, log) = shop().await;
    db.transaction(async |tx| {
        User::insert(new_user("eve")).execute(tx).await?;
        let savepoint = tx.savepoint(async |sp| {
            User::insert(new_user("fay")).execute(sp).await?;
            std::future::pending::<Result<()>>().await
        });
        let dropped = tokio::time::timeout(Duration::from_millis(200), savepoint).await;
        assert!(dropped.is_err());
        User::insert(new_user("gus")).execute(tx).await
    })
    .await
    .unwrap();
    assert_eq!(take_sql(&log).last().map(String::as_str), Some("COMMIT"));
    for (name, saved) in [("eve", true), ("fay", false), ("gus", true)] {
        assert_eq!(is_saved(&db, name).await, saved, "{name}");
    }
}

#[tokio::test]
async fn a_savepoint_of_an_aborted_transaction_does_not_hide_that() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let before = backend(&db).await;
    let outcome: Result<()> = db
        .transaction(async |tx| {
            let _ = User::insert(new_user("ann")).execute(tx).await;
            let inner: Result<()> = tx
                .savepoint(async |sp| User::insert(new_user("eve")).execute(sp).await)
                .await;
            assert_eq!(
                inner.unwrap_err().as_db_error().unwrap().code().code(),
                "25P02"
            );
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    no_transaction_is_open(&test, &db).await;
    assert_eq!(backend(&db).await, before);
}
