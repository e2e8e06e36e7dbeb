//! Connections: which one a query uses, and in what state it leaves it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use unlazy::{Db, Entity, Error, Executor, Loaded, Unloaded, Value, sql};

use crate::fixture::*;

type Tree = User<Loaded<Vec<Address>>, Loaded<Vec<Order>>>;

/// Ann with two siblings loaded, as every test here expects her.
async fn ann(on: &(impl Executor + ?Sized)) -> unlazy::Result<Tree> {
    let query = User::find(7).with(User::ADDRESSES).with(User::ORDERS);
    query.clone().one(on).await
}

#[track_caller]
fn assert_ann(found: unlazy::Result<Tree>) {
    let orders = [1, 3, 5].map(plain_order);
    let expected = user(7, many([plain_address(1)]), many(orders));
    assert_eq!(found.unwrap(), expected);
}

async fn prepared_statements(db: &Db) -> i64 {
    let client = db.pool().get().await.unwrap();
    let count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%t0%'";
    client.query_one(count, &[]).await.unwrap().get(0)
}

/// Polls a future once and then so many times more, and drops it. Says whether it was ready before.
pub(crate) async fn drop_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn everything_that_can_run_a_query_does() {
    let (test, db, log) = shop().await;
    assert_ann(ann(&db).await);
    assert_ann(ann(&&db).await);
    assert_statements(&log, 6);
    db.transaction(async |tx| {
        assert_ann(ann(tx).await);
        let in_savepoint = async |savepoint: &mut unlazy::Transaction| ann(savepoint).await;
        assert_ann(tx.savepoint(in_savepoint).await);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_statements(&log, 10);

    let mut client = test.connect().await.unwrap();
    assert_ann(ann(&client).await);
    assert_ann(ann(&client.transaction().await.unwrap()).await);

    let mut pooled = db.pool().get().await.unwrap();
    assert_ann(ann(&pooled).await);
    assert_ann(ann(&pooled.transaction().await.unwrap()).await);
    assert_ann(ann(&**pooled).await);
}

#[tokio::test]
async fn writes_run_in_the_transactions_of_other_libraries() {
    let (test, db, _) = shop().await;
    let eve = || NewUser {
        name: "eve".to_owned(),
    };
    let mut client = test.connect().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    User::insert(eve()).one(&transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 4);

    let transaction = client.transaction().await.unwrap();
    User::insert(eve()).one(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 5);
}

#[tokio::test]
async fn a_query_needs_one_connection_however_much_it_loads() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let orders = || {
        User::ORDERS
            .with(Order::USER.selectin())
            .with(Order::ADDRESS.selectin().with(Address::USER.selectin()))
            .with(Order::ITEMS.with(Item::KEYWORDS))
    };
    let query = User::query().with(User::ADDRESSES).with(orders());
    assert_eq!(query.clone().all(&db).await.unwrap().len(), 4);
    // Queries that wait for each other's connection.
    let (first, second) = tokio::join!(query.clone().all(&db), query.clone().all(&db));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(db.pool().status().size, 1);
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_a_timeout() {
    let (test, _, _) = shop().await;
    let one = with_parameter(&test.url(), "max_connections=1");
    let db = Db::connect(&with_parameter(&one, "acquire_timeout=1")).unwrap();
    let taken = db.pool().get().await.unwrap();
    let error = ann(&db).await.unwrap_err();
    assert!(matches!(error, Error::PoolTimeout), "{error:?}");
    assert!(error.is_retryable());
    drop(taken);
    assert_ann(ann(&db).await);
}

#[derive(Debug, Clone, Copy, PartialEq, Value)]
enum Mood {
    Happy,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "parents")]
struct Parent<Wrong = Unloaded, WrongOnes = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    child_id: i64,
    #[entity(belongs_to(Child, foreign_key = child_id))]
    child: Wrong,
    #[entity(has_many(Child, foreign_key = parent_id))]
    children: WrongOnes,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "children")]
struct Child {
    #[entity(primary_key)]
    id: i64,
    parent_id: i64,
    #[entity(column = "Mood")]
    mood: Mood,
}

/// Asserts that this mistake in the column `Mood` is found in every place where a `Child` is read.
async fn assert_undecodable(mood: &str, postgres_type: &str, has_source: bool) {
    let (test, _, _) = database(&format!(
        "CREATE TYPE mood AS ENUM ('happy', 'sad');
         CREATE TABLE parents (id int8 PRIMARY KEY, child_id int8 NOT NULL);
         INSERT INTO parents SELECT n, n FROM generate_series(1, 5000) AS n;
         CREATE TABLE children AS SELECT n::int8 AS id, n::int8 AS parent_id, {mood} AS \"Mood\" FROM generate_series(1, 5000) AS n;"
    ))
    .await;
    let db = one_connection(&test);
    let before = backend(&db).await;
    let check = async |outcome: unlazy::Result<usize>| {
        let error = outcome.unwrap_err();
        let Error::Decode {
            entity,
            column,
            postgres_type: found_type,
            rust_type,
            source,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((*entity, *column), ("Child", "Mood"));
        assert_eq!(found_type, postgres_type);
        assert!(rust_type.ends_with("::Mood"), "{rust_type}");
        assert_eq!(source.is_some(), has_source);
        assert_eq!(Parent::query().count(&db).await.unwrap(), 5000);
        assert_eq!(backend(&db).await, before);
    };
    check(Child::query().all(&db).await.map(|found| found.len())).await;
    let query = Parent::query().with(Parent::CHILDREN);
    check(query.clone().all(&db).await.map(|found| found.len())).await;
    for (child, _) in strategies!(Parent::CHILD) {
        let query = Parent::query().with(child);
        check(query.clone().all(&db).await.map(|found| found.len())).await;
    }
}

#[tokio::test]
async fn a_value_that_does_not_decode() {
    assert_undecodable("'sad'::mood", "mood", true).await;
}

#[tokio::test]
async fn a_null_where_the_field_has_none() {
    assert_undecodable("nullif(n, n)::text::mood", "mood", true).await;
}

#[tokio::test]
async fn a_column_of_another_type() {
    #[derive(Entity, Debug)]
    #[entity(table = "users")]
    struct WrongUser {
        #[entity(primary_key)]
        #[allow(dead_code)]
        id: i64,
        #[allow(dead_code)]
        name: i32,
    }

    let (_test, db, log) = shop().await;
    // Whether or not there are rows.
    for query in [
        WrongUser::query(),
        WrongUser::query().filter(WrongUser::ID.lt(0)),
    ] {
        let error = query.clone().all(&db).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `name` of `WrongUser`, text in the database, cannot be read as `i32`"
        );
    }
    assert_statements(&log, 0);
    assert_ann(ann(&db).await);
}

#[tokio::test]
async fn an_error_in_one_of_several_loads_leaves_the_pool_clean() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let broken = User::ORDERS.filter(sql!("1 / ($1 - $1) = 0", Order::ID));
    let query = User::query().with(User::ADDRESSES).with(broken);
    for _ in 0..3 {
        let error = query.clone().all(&db).await.unwrap_err();
        assert_eq!(error.as_db_error().unwrap().code().code(), "22012");
        assert_ann(ann(&db).await);
    }
}

#[tokio::test]
async fn a_query_that_is_dropped_anywhere_leaves_the_pool_clean() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let query = User::query().with(User::ADDRESSES).with(
        User::ORDERS
            .with(Order::ITEMS)
            .with(Order::ADDRESS.selectin()),
    );
    let mut polls = 0;
    while !drop_after(polls, query.clone().all(&db)).await {
        assert_ann(ann(&db).await);
        // The next run prepares and reads everything anew.
        db.pool().retain(|_, _| polls % 2 == 0);
        polls += 1;
    }
    // A pipelined query waits less often: for the connection, for its statements, and for all results at once.
    assert!(polls > 2, "{polls}");
    assert_ann(ann(&db).await);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_anywhere_leaves_none_open() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let outside = test.connect().await.unwrap();
    let mut polls = 0;
    loop {
        let transaction = db.transaction(async |tx| {
            let eve = NewUser {
                name: format!("eve {polls}"),
            };
            User::insert(eve).execute(tx).await?;
            let query = User::query().with(User::ADDRESSES).with(User::ORDERS);
            query.clone().all(tx).await
        });
        let done = drop_after(polls, transaction).await;
        // An open transaction would see the row that nobody else does.
        let here = User::query().count(&db).await.unwrap();
        let there = User::query().count(&outside).await.unwrap();
        assert_eq!(here, there, "after {polls} polls");
        if done {
            break;
        }
        polls += 1;
    }
    assert!(polls > 4, "{polls}");
    assert_ann(ann(&db).await);
}

#[tokio::test]
async fn a_lost_connection_is_an_error_of_its_own_and_the_pool_recovers() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    for _ in 0..20 {
        let suicide = sql!("SELECT pg_terminate_backend(pg_backend_pid())");
        let error = unlazy::execute(suicide, &db).await.unwrap_err();
        assert!(matches!(error, Error::Connection(_)), "{error:?}");
        assert!(error.is_retryable());
        assert_ann(ann(&db).await);
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_within_a_transaction() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let lost = backend(&db).await;
    let outcome = db
        .transaction(async |tx| {
            User::update()
                .of(&plain_user(7))
                .set(User::NAME, "anna")
                .execute(tx)
                .await?;
            terminate(&test, lost).await;
            ann(tx).await
        })
        .await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error:?}");
    assert_ann(ann(&db).await);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_lost_connection() {
    let db = Db::connect("postgres://postgres@127.0.0.1:1/nowhere").unwrap();
    let error = ann(&db).await.unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error:?}");
}

#[tokio::test]
async fn prepared_statements_depend_on_the_shape_of_queries_only() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let run = async |count: i64| {
        let ids = || 0..count;
        let query = User::query()
            .filter(User::ID.is_in(ids()))
            .filter(User::NAME.ne(format!("{count}")))
            .with(User::ADDRESSES.filter(Address::ID.lt(count)))
            .with(User::ORDERS.with(Order::USER.selectin()))
            .limit(count as u32)
            .offset(1);
        query.clone().all(&db).await.unwrap();
        User::find_many(ids()).all(&db).await.unwrap();
        OrderItem::find_many(ids().map(|id| (id, id)))
            .all(&db)
            .await
            .unwrap();
        let new = ids().map(|id| NewUser {
            name: format!("user {id} of {count}"),
        });
        let names: Vec<String> = new.clone().map(|new| new.name).collect();
        User::insert_many(new).execute(&db).await.unwrap();
        let inserted = User::delete().filter(User::NAME.is_in(names));
        assert_eq!(inserted.execute(&db).await.unwrap(), count as u64);
    };
    run(20).await;
    let before = prepared_statements(&db).await;
    for count in [21, 50, 300] {
        run(count).await;
    }
    assert_eq!(prepared_statements(&db).await, before);
}

#[tokio::test]
async fn rows_of_arrays_do_not_fill_the_statement_cache() {
    #[derive(Entity, Debug)]
    #[entity(table = "notes")]
    #[allow(dead_code)]
    struct Note {
        #[entity(primary_key, generated)]
        id: i64,
        tags: Vec<String>,
    }

    let (test, _, _) = database(
        "CREATE TABLE notes (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tags text[] NOT NULL);",
    )
    .await;
    let db = one_connection(&test);
    // One row, and any number of rows.
    for count in 1..6 {
        let new = (0..count).map(|_| NewNote { tags: vec![] });
        Note::insert_many(new).execute(&db).await.unwrap();
    }
    let client = db.pool().get().await.unwrap();
    let kept = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'";
    let kept: i64 = client.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn statements_that_are_outdated_or_forgotten_are_prepared_anew() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    assert_ann(ann(&db).await);
    for change in [
        "ALTER TABLE users ADD COLUMN born date",
        "ALTER TABLE users ALTER COLUMN name TYPE varchar(50)",
        "ALTER TABLE orders ALTER COLUMN id TYPE int8 USING id, ALTER COLUMN priority SET DEFAULT 1",
        "ALTER TABLE addresses ALTER COLUMN email TYPE varchar(50)",
        "DISCARD PLANS",
        "DEALLOCATE ALL",
    ] {
        let client = db.pool().get().await.unwrap();
        client.batch_execute(change).await.unwrap();
        drop(client);
        assert_ann(ann(&db).await);
    }
}

#[tokio::test]
async fn a_column_whose_type_changed_meanwhile_is_not_misread() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    Order::query().all(&db).await.unwrap();
    let client = db.pool().get().await.unwrap();
    // The bytes of a float would do for an integer.
    let change = "ALTER TABLE orders ALTER COLUMN priority TYPE float4";
    client.batch_execute(change).await.unwrap();
    drop(client);
    for _ in 0..2 {
        let error = Order::query().all(&db).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Decode {
                    entity: "Order",
                    column: "priority",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn nobody_waits_for_a_statement_that_was_dropped() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let before = backend(&db).await;
    let outside = test.connect().await.unwrap();
    let asleep = async {
        let active = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
        while outside.query(active, &[&before]).await.unwrap().is_empty() {}
    };
    tokio::select! {
        ended = unlazy::execute(sql!("SELECT pg_sleep(600)"), &db) => panic!("{ended:?}"),
        () = asleep => {}
    }
    assert_ann(ann(&db).await);
    assert_ne!(backend(&db).await, before);
}

#[tokio::test]
async fn errors_say_what_the_server_and_the_driver_said() {
    let (_test, db, _) = shop().await;
    let unknown = unlazy::execute(sql!("SELECT 1 FROM nothing"), &db).await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "relation \"nothing\" does not exist (42P01)"
    );
    let unfit = unlazy::execute(sql!("SELECT $1::date", "today"), &db).await;
    assert_eq!(
        unfit.unwrap_err().to_string(),
        "error serializing parameter 0: \
         cannot convert between the Rust type `alloc::string::String` and the Postgres type `date`"
    );
    let closed = Db::connect("postgres://nobody@127.0.0.1:1/nothing").unwrap();
    let error = User::query().all(&closed).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no connection to the database: error connecting to server: "),
        "{error}"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn the_statement_cache_does_not_grow_with_values_in_any_kind_of_load() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let run = async |count: i64| {
        let text = format!("item {count}");
        for (customer, _) in strategies!(Order::USER.with(User::ADDRESSES)) {
            for (to, _) in strategies!(Order::ADDRESS) {
                let items = Order::ITEMS
                    .filter(Item::NAME.ne(&text))
                    .filter_link(OrderItem::QUANTITY.is_in(0..count as i32))
                    .order_by(sql!("$1 % $2::int8", Item::ID, count))
                    .with(Item::KEYWORDS.filter(Keyword::ID.is_not_in(0..count)));
                let written = sql!("SELECT * FROM orders WHERE id <> $1", count);
                let query = Order::from_sql(written)
                    .filter(Order::ID.between(-count..=count))
                    .with(customer.clone())
                    .with(to)
                    .with(items)
                    .offset(count as u64 % 3);
                query.clone().count(&db).await.unwrap();
                query.clone().exists(&db).await.unwrap();
                query.all(&db).await.unwrap();
            }
        }
    };
    // So many that there are rows to load for at every level.
    run(20).await;
    let before = prepared_statements(&db).await;
    for count in [1, 2, 30, 400] {
        run(count).await;
    }
    assert_eq!(prepared_statements(&db).await, before);
}
