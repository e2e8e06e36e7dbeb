//! Transactions whose futures are dropped, or whose connections are lost, at any point: all or nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use unlazy::{Db, Error, Result, Retry, Transaction};

use crate::fixture::*;

/// An insert, a savepoint that is kept, one that is not, and an update.
async fn work(tx: &mut Transaction, number: usize) -> Result<()> {
    let name = |what: &str| format!("{what} {number}");
    let eve = User::insert(new_user(name("eve"))).one(&*tx).await?;
    tx.savepoint(async |sp| User::insert(new_user(name("fay"))).execute(sp).await)
        .await?;
    let undone: Result<()> = tx
        .savepoint(async |sp| {
            User::insert(new_user(name("gus"))).execute(sp).await?;
            Err(Error::Aborted)
        })
        .await;
    assert!(matches!(undone, Err(Error::Aborted)), "{undone:?}");
    let hal = User::update().of(&eve).set(User::NAME, name("hal"));
    hal.execute(tx).await.map(drop)
}

/// Whether it was committed; in part it must not be.
async fn is_committed(db: &Db, number: usize) -> bool {
    let names = ["eve", "fay", "gus", "hal"].map(|what| format!("{what} {number}"));
    let saved = User::query()
        .filter(User::NAME.is_in(names))
        .order_by(User::NAME.asc())
        .all(db)
        .await
        .unwrap();
    let saved: Vec<String> = saved.into_iter().map(|user| user.name).collect();
    let all = [format!("fay {number}"), format!("hal {number}")];
    assert!(saved.is_empty() || saved == all, "{saved:?}");
    !saved.is_empty()
}

#[tokio::test]
async fn a_transaction_is_dropped_after_any_number_of_polls() {
    let (test, _, _) = shop().await;
    let (db, outside) = (one_connection(&test), connect(&test.url()));
    for cached in [false, true] {
        for polls in 0.. {
            if cached {
                // A new connection has prepared nothing, and then there are more polls.
                let all = db.transaction(async |tx| work(tx, 1_000_000 + polls).await);
                all.await.unwrap();
            } else {
                db.pool().retain(|_, _| false);
            }
            let number = polls + if cached { 1000 } else { 0 };
            let transaction = db.transaction(async |tx| work(tx, number).await);
            let is_done = polled(transaction, polls).await;
            no_transaction_is_open(&test, &db).await;
            assert!(is_committed(&outside, number).await || !is_done);
            if is_done {
                assert!(polls > 7, "{polls}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_retrying_transaction_is_dropped_after_any_number_of_polls() {
    let (test, _, _) = shop().await;
    let (db, outside) = (one_connection(&test), connect(&test.url()));
    for polls in 0.. {
        let transaction =
            db.transaction_retrying(
                Retry::new(),
                |mut tx| async move { work(&mut tx, polls).await },
            );
        let is_done = polled(transaction, polls).await;
        no_transaction_is_open(&test, &db).await;
        assert!(is_committed(&outside, polls).await || !is_done);
        if is_done {
            assert!(polls > 7, "{polls}");
            break;
        }
    }
}

#[tokio::test]
async fn a_transaction_is_dropped_while_it_waits_to_be_run_again() {
    let (test, _, _) = shop().await;
    let (db, outside) = (one_connection(&test), connect(&test.url()));
    let retry =
        Retry::from(unlazy::TransactionOptions::new().isolation(unlazy::Isolation::RepeatableRead));
    let (outside, rename) = (&outside, |name: String| {
        User::update().filter(User::ID.eq(7)).set(User::NAME, name)
    });
    for polls in 0.. {
        let attempts = AtomicUsize::new(0);
        let attempts = &attempts;
        let transaction = db.transaction_retrying(retry, |mut tx| async move {
            User::find(7).one(&tx).await?;
            if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
                rename(format!("other {polls}")).execute(outside).await?;
            }
            rename(format!("mine {polls}")).execute(&tx).await?;
            work(&mut tx, polls).await
        });
        let is_done = polled(transaction, polls).await;
        no_transaction_is_open(&test, &db).await;
        let is_committed = is_committed(outside, polls).await;
        assert_eq!(
            is_saved(outside, &format!("mine {polls}")).await,
            is_committed
        );
        assert!(is_committed || !is_done);
        if is_done {
            assert_eq!(attempts.load(Ordering::Relaxed), 2);
            assert!(polls > 12, "{polls}");
            break;
        }
    }
}

#[tokio::test]
async fn a_connection_is_lost_before_any_statement() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let mut steps = 0;
    loop {
        let lost = backend(&db).await;
        let (step, attempts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (step, attempts, test) = (&step, &attempts, &test);
        let maybe_lose = async move || {
            if step.fetch_add(1, Ordering::Relaxed) == steps {
                terminate(test, lost).await;
            }
        };
        let maybe_lose = &maybe_lose;
        let outcome: Result<()> = db
            .transaction_retrying(Retry::new(), |mut tx| async move {
                attempts.fetch_add(1, Ordering::Relaxed);
                let insert = |what: &str| User::insert(new_user(format!("{what} {steps}")));
                maybe_lose().await;
                insert("fay").execute(&tx).await?;
                maybe_lose().await;
                tx.savepoint(async |sp| {
                    maybe_lose().await;
                    insert("hal").execute(sp).await?;
                    maybe_lose().await;
                    Ok::<_, Error>(())
                })
                .await?;
                maybe_lose().await;
                User::query().count(&tx).await?;
                // And now the COMMIT, of which nobody knows what became.
                maybe_lose().await;
                Ok(())
            })
            .await;
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
        no_transaction_is_open(test, &db).await;
        if is_committed(&db, steps).await {
            outcome.unwrap();
            break;
        }
        assert!(matches!(outcome, Err(Error::Connection(_))), "{outcome:?}");
        steps += 1;
    }
    assert_eq!(steps, 6);
}

#[tokio::test]
async fn a_pool_without_a_free_connection_begins_nothing() {
    let (test, _, _) = shop().await;
    let one = with_parameter(&test.url(), "max_connections=1");
    let db = connect(&with_parameter(&one, "acquire_timeout=1"));
    let taken = db.pool().get().await.unwrap();
    let refused: Result<()> = db
        .transaction_retrying(Retry::new(), |_| async {
            unreachable!("there is no connection")
        })
        .await;
    assert!(matches!(refused, Err(Error::PoolTimeout)), "{refused:?}");
    drop(taken);
    db.transaction(async |tx| work(tx, 1).await).await.unwrap();
    assert!(is_committed(&db, 1).await);
}
