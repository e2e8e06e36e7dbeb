//! Results that are read a batch at a time.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use expect_test::{Expect, expect};
use futures_util::{Stream, TryStreamExt};
use orm_test::TestDb;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use unlazy::{
    Db, Entity, EntityStream, Error, Executor, Loads, PgType, Query, StatementLog, Unloaded, Value,
    loaded, sql,
};

use crate::fixture::*;

/// Asserts which statements there were since the last time.
#[track_caller]
fn assert_sent(log: &StatementLog, expected: &Expect) {
    let statements: Vec<String> = log.take().into_iter().map(|s| s.sql + "\n").collect();
    expected.assert_eq(&statements.concat());
}

/// The result of a query as a stream in batches of every size, which is the same as all at once.
async fn in_batches<E, L>(query: Query<E, L>, db: &Db, log: &StatementLog) -> Vec<L::Value>
where
    E: Entity,
    L: Loads<E>,
    L::Value: PartialEq + std::fmt::Debug,
{
    log.take();
    let all = query.clone().by_levels().all(db).await.unwrap();
    let loads = log.take().len() - 1;
    for size in 1..=all.len() + 1 {
        let stream = query.clone().batch_size(size as u32).stream(db);
        let streamed: Vec<L::Value> = stream.try_collect().await.unwrap();
        assert_eq!(streamed, all, "in batches of {size}");
        let sent = log.take().len();
        // BEGIN, DECLARE, COMMIT, and a FETCH more than there are full batches.
        let own = 3 + all.len() / size + 1;
        // A batch may have nothing to load for.
        assert!((own..=own + all.len().div_ceil(size) * loads).contains(&sent));
    }
    all
}

/// Waits until nobody has a transaction open. A connection that is closed takes its time to end at the server.
async fn no_transaction_is_left(test: &TestDb) {
    let client = test.connect().await.unwrap();
    let open = "SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'";
    let ended = async { while !client.query(open, &[]).await.unwrap().is_empty() {} };
    tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .expect("a transaction is left open");
}

/// The cursors of streams that are open in a transaction.
async fn cursors(on: &(impl Executor + ?Sized)) -> u64 {
    #[derive(Entity)]
    #[entity(table = "pg_cursors", schema = "pg_catalog", view)]
    #[allow(dead_code)]
    struct Cursor {
        #[entity(primary_key)]
        name: String,
    }

    let of_streams = Cursor::query().filter(Cursor::NAME.starts_with("unlazy"));
    of_streams.count(on).await.unwrap()
}

fn by_id(batch: u32) -> Query<User> {
    User::query().batch_size(batch)
}

/// Reads a stream until it was polled so many times. Says whether it ended before.
async fn drop_after<V>(polls: usize, mut stream: EntityStream<'_, V>) -> bool {
    let mut left = polls;
    poll_fn(|context| {
        loop {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            match Pin::new(&mut stream).poll_next(context) {
                Poll::Ready(Some(value)) => drop(value.unwrap()),
                Poll::Ready(None) => return Poll::Ready(true),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_statements_of_a_stream() {
    let (_test, db, log) = shop().await;
    let query = User::query()
        .filter(User::NAME.ne("ben"))
        .with(User::ORDERS.with(Order::USER))
        .batch_size(2);
    let users: Vec<loaded!(User { orders { user } })> =
        query.stream(&db).try_collect().await.unwrap();
    assert_eq!(users.len(), 3);
    assert_sent(
        &log,
        &expect![[r#"
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
            DECLARE "unlazy stream" NO SCROLL CURSOR FOR SELECT t0."id", t0."name" FROM "users" AS t0 WHERE t0."name" <> $1 ORDER BY t0."id"
            FETCH 2 FROM "unlazy stream"
            SELECT t0."id", t0."user_id", t0."address_id", t0."priority", t1."id", t1."name" FROM "orders" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."user_id" WHERE t0."user_id" = ANY($1) ORDER BY t0."id"
            FETCH 2 FROM "unlazy stream"
            SELECT t0."id", t0."user_id", t0."address_id", t0."priority", t1."id", t1."name" FROM "orders" AS t0 LEFT JOIN "users" AS t1 ON t1."id" = t0."user_id" WHERE t0."user_id" = ANY($1) ORDER BY t0."id"
            COMMIT
        "#]],
    );
    db.transaction(async |tx| {
        let mut users = by_id(1000).stream(tx);
        while users.try_next().await?.is_some() {}
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    let sent: Vec<String> = log.take().into_iter().map(|s| s.sql).collect();
    // The number depends on the streams of other tests.
    let without_numbers: Vec<&str> = sent
        .iter()
        .map(|sql| sql.split('"').next().unwrap())
        .collect();
    assert_eq!(
        without_numbers,
        ["BEGIN", "DECLARE ", "FETCH 1000 FROM ", "CLOSE ", "COMMIT"]
    );
}

#[tokio::test]
async fn results_of_fewer_as_many_and_more_rows_than_a_batch() {
    let (_test, db, log) = shop().await;
    for (batch, fetches, loads) in [(1, 5, 4), (2, 3, 2), (3, 2, 2), (4, 2, 1), (5, 1, 1)] {
        let query = by_id(batch).with(User::ORDERS);
        let users: Vec<_> = query.stream(&db).try_collect().await.unwrap();
        assert_eq!(users.len(), 4);
        assert_statements(&log, 3 + fetches + loads);
    }
    let none = by_id(2).filter(User::ID.lt(0)).with(User::ORDERS);
    let none: Vec<_> = none.stream(&db).try_collect().await.unwrap();
    assert_eq!(none, []);
    assert_statements(&log, 4);
}

#[tokio::test]
async fn batches_of_no_and_of_very_many_entities() {
    let (_test, db, _) = shop().await;
    for batch in [0, u32::MAX] {
        let users: Vec<User> = by_id(batch).stream(&db).try_collect().await.unwrap();
        assert_eq!(users.len(), 4);
    }
}

#[tokio::test]
async fn every_kind_of_load() {
    let (_test, db, log) = shop().await;
    for (customer, _) in strategies!(Order::USER.with(User::ADDRESSES)) {
        for (to, _) in strategies!(Order::ADDRESS.with(Address::USER)) {
            let orders = Order::query()
                .with(customer.clone())
                .with(to)
                .with(Order::ITEMS.with(Item::KEYWORDS));
            in_batches(orders, &db, &log).await;
        }
    }
    let conditional = User::query()
        .with_if(true, User::ORDERS.with(Order::ITEMS))
        .with_if(false, User::ADDRESSES);
    in_batches(conditional, &db, &log).await;
    let tree = Node::query()
        .with(Node::PARENT)
        .with(Node::CHILDREN.with(Node::CHILDREN));
    in_batches(tree, &db, &log).await;
    in_batches(Node::query().with(Node::PARENT.selectin()), &db, &log).await;
}

#[tokio::test]
async fn filters_orders_limits_and_offsets_hold() {
    let (_test, db, log) = shop().await;
    let nodes = Node::query()
        .filter(Node::PARENT_ID.is_not_null())
        .filter(Node::ID.is_in([2, 3, 4, 5, 6, 7]))
        .filter(sql!("$1 <> $2", Node::ID, 6_i64))
        .order_by(Node::PARENT_ID.desc())
        .limit(3)
        .offset(1)
        .with(Node::CHILDREN);
    let nodes = in_batches(nodes, &db, &log).await;
    let ids: Vec<i64> = nodes.iter().map(|node| node.id).collect();
    assert_eq!(ids, [4, 5, 2]);
}

#[tokio::test]
async fn values_next_to_the_entities() {
    let (_test, db, log) = shop().await;
    let query = User::query()
        .annotate((User::ORDERS.count(), User::NAME))
        .order_by(User::ORDERS.count().desc())
        .with(User::ADDRESSES)
        .batch_size(3);
    let all = query.clone().by_levels().all(&db).await.unwrap();
    log.take();
    let streamed: Vec<_> = query.stream(&db).try_collect().await.unwrap();
    assert_eq!(streamed, all);
    assert_eq!((streamed[0].1, streamed[0].2.as_str()), (3, "ann"));
    assert_statements(&log, 3 + 2 + 2);
}

#[tokio::test]
async fn sql_of_ones_own_keeps_its_order_and_its_duplicates() {
    let (_test, db, log) = shop().await;
    let source = || {
        sql!(
            "SELECT users.* FROM users, generate_series(1, $1) AS n ORDER BY name DESC, n",
            2
        )
    };
    for query in [
        User::from_sql(source()),
        User::from_sql(source()).filter(User::NAME.ne("ben")),
    ] {
        in_batches(query.clone(), &db, &log).await;
        in_batches(query.with(User::ORDERS), &db, &log).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Value)]
enum Mood {
    Happy,
    Sad,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "people")]
struct Person {
    #[entity(primary_key)]
    id: i64,
    mood: Mood,
    moods: Vec<Mood>,
    #[entity(type = "citext")]
    name: String,
}

#[tokio::test]
async fn parameters_and_columns_of_types_of_the_database() {
    let (test, _, _) = database(
        "CREATE EXTENSION citext;
         CREATE TYPE mood AS ENUM ('happy', 'sad');
         CREATE TABLE people (id int8 PRIMARY KEY, mood mood NOT NULL, moods mood[] NOT NULL, name citext NOT NULL);
         INSERT INTO people SELECT n, (CASE n % 2 WHEN 0 THEN 'sad' ELSE 'happy' END)::mood, '{sad,happy}', repeat('Ann', 1000)
             FROM generate_series(1, 500) AS n;",
    )
    .await;
    let db = one_connection(&test);
    // The second time, everything is known about the types.
    for _ in 0..2 {
        let sad = Person::query()
            .filter(Person::MOOD.is_in([Mood::Sad]))
            .filter(Person::NAME.eq("ANN".repeat(1000)))
            .batch_size(100);
        let sad: Vec<Person> = sad.stream(&db).try_collect().await.unwrap();
        assert_eq!(sad.len(), 250);
        assert_eq!(sad[0].moods, [Mood::Sad, Mood::Happy]);
    }
}

static ALIVE: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
static MOST: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// A value that counts how many of its kind there are.
#[derive(Debug)]
struct Counted<const KIND: usize>(i64);

impl<const KIND: usize> Counted<KIND> {
    fn new(value: i64) -> Self {
        let alive = ALIVE[KIND].fetch_add(1, Ordering::SeqCst) + 1;
        MOST[KIND].fetch_max(alive, Ordering::SeqCst);
        Self(value)
    }
}

impl<const KIND: usize> Clone for Counted<KIND> {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl<const KIND: usize> Drop for Counted<KIND> {
    fn drop(&mut self) {
        ALIVE[KIND].fetch_sub(1, Ordering::SeqCst);
    }
}

impl<const KIND: usize> FromSql<'_> for Counted<KIND> {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self::new(i64::from_sql(ty, raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT8
    }
}

impl<const KIND: usize> ToSql for Counted<KIND> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT8
    }

    to_sql_checked!();
}

impl<const KIND: usize> Value for Counted<KIND> {
    const TYPE: PgType = PgType::new("int8");
}

#[derive(Entity, Debug)]
#[entity(table = "parents")]
struct Parent<Children = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    counted: Counted<0>,
    #[entity(has_many(Child, foreign_key = parent_id))]
    children: Children,
}

#[derive(Entity, Debug)]
#[entity(table = "children")]
struct Child {
    #[entity(primary_key)]
    #[allow(dead_code)]
    id: i64,
    parent_id: i64,
    #[allow(dead_code)]
    counted: Counted<1>,
}

const PARENTS: &str = "
    CREATE TABLE parents (id int8 PRIMARY KEY, counted int8 NOT NULL);
    INSERT INTO parents SELECT n, n FROM generate_series(1, 2500) AS n;
    CREATE TABLE children (id int8 PRIMARY KEY, parent_id int8 NOT NULL, counted int8 NOT NULL);
    INSERT INTO children SELECT n, 1 + n / 3, n FROM generate_series(0, 7499) AS n;
";

#[tokio::test]
async fn no_more_than_a_batch_is_in_memory() {
    let (_test, db, log) = database(PARENTS).await;
    let mut parents = Parent::query()
        .with(Parent::CHILDREN)
        .batch_size(100)
        .stream(&db);
    let mut read = 0;
    while let Some(parent) = parents.try_next().await.unwrap() {
        read += 1;
        assert_eq!((parent.id, parent.counted.0), (read, read));
        assert_eq!(parent.children.len(), 3);
    }
    assert_eq!(read, 2500);
    assert_eq!(
        MOST.each_ref().map(|most| most.load(Ordering::SeqCst)),
        [100, 300]
    );
    // BEGIN, DECLARE, COMMIT, 25 full batches, each with its children, and an empty one.
    assert_statements(&log, 3 + 25 * 2 + 1);
}

#[tokio::test]
async fn round_trips_are_batches_times_levels() {
    let (test, _, _) = shop().await;
    let proxy = test.proxy(Duration::ZERO).await.unwrap();
    let db = Db::connect(&with_parameter(&proxy.url(), "max_connections=1")).unwrap();
    let query = by_id(3)
        .with(User::ADDRESSES)
        .with(User::ORDERS.with(Order::ITEMS));
    let first: Vec<_> = query.clone().stream(&db).try_collect().await.unwrap();
    proxy.reset();
    let again: Vec<_> = query.stream(&db).try_collect().await.unwrap();
    assert_eq!(again, first);
    // One to begin and declare, three for each of two batches, of which the last has a single level, and one to commit.
    assert_eq!(proxy.round_trips(), 1 + 3 + 2 + 1);
}

#[tokio::test]
async fn other_queries_of_the_transaction_run_between_entities() {
    let (test, _, _) = database(
        "CREATE TABLE parents (id int8 PRIMARY KEY, counted int8 NOT NULL);
         CREATE TABLE children (id int8 PRIMARY KEY, parent_id int8 NOT NULL, counted int8 NOT NULL);
         CREATE TABLE pages (id int8 PRIMARY KEY, body text NOT NULL);
         INSERT INTO pages SELECT n, repeat('x', 100000) FROM generate_series(1, 200) AS n;",
    )
    .await;

    #[derive(Entity)]
    #[entity(table = "pages")]
    struct Page {
        #[entity(primary_key)]
        id: i64,
        body: String,
    }

    async fn read(on: &impl Executor) {
        let mut pages = Page::query().batch_size(20).stream(on);
        let mut read = 0;
        while let Some(page) = pages.try_next().await.unwrap() {
            read += 1;
            assert_eq!(page.body.len(), 100_000);
            let same = Page::find(page.id).one(on).await.unwrap();
            assert_eq!(same.id, read);
            if read % 50 == 0 {
                let all = Page::query().all(on).await.unwrap();
                assert_eq!(all.len(), 200);
            }
        }
        assert_eq!(read, 200);
        assert_eq!(cursors(on).await, 0);
    }

    let db = one_connection(&test);
    let run = async {
        db.transaction(async |tx| {
            read(tx).await;
            tx.savepoint(async |savepoint| {
                read(savepoint).await;
                Ok::<_, Error>(())
            })
            .await
        })
        .await
        .unwrap();
        let mut client = test.connect().await.unwrap();
        read(&client.transaction().await.unwrap()).await;
        let mut pooled = db.pool().get().await.unwrap();
        read(&pooled.transaction().await.unwrap()).await;
    };
    // Only if something stalls: it takes a second.
    tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .unwrap();
}

#[tokio::test]
async fn two_streams_of_one_transaction() {
    let (test, db, _) = shop().await;
    async fn run(on: &impl Executor) {
        let mut users = by_id(1).with(User::ORDERS).stream(on);
        let mut items = Item::query().batch_size(2).with(Item::KEYWORDS).stream(on);
        for expected in 7..=10 {
            assert_eq!(users.try_next().await.unwrap().unwrap().id, expected);
            assert_eq!(items.try_next().await.unwrap().unwrap().id, expected - 6);
        }
        assert_eq!(cursors(on).await, 2);
        drop(users);
        assert_eq!(cursors(on).await, 1);
        assert_eq!(items.try_next().await.unwrap().unwrap().id, 5);
        assert!(items.try_next().await.unwrap().is_none());
        assert_eq!(cursors(on).await, 0);
    }
    db.transaction(async |tx| {
        run(tx).await;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    let mut client = test.connect().await.unwrap();
    run(&client.transaction().await.unwrap()).await;
}

#[tokio::test]
async fn a_stream_sees_one_moment() {
    let (test, db, _) = shop().await;
    let other = Db::connect(&test.url()).unwrap();
    let before = User::query().with(User::ORDERS).all(&db).await.unwrap();
    let mut users = by_id(1).with(User::ORDERS).stream(&db);
    let mut read = vec![users.try_next().await.unwrap().unwrap()];
    other
        .batch_execute(
            "DELETE FROM order_items;
             DELETE FROM orders WHERE user_id = 9;
             UPDATE users SET name = 'changed' || id;
             INSERT INTO users VALUES (20, 'new');",
        )
        .await
        .unwrap();
    while let Some(user) = users.try_next().await.unwrap() {
        read.push(user);
    }
    assert_eq!(read, before);
    let after = User::query().with(User::ORDERS).all(&db).await.unwrap();
    assert_ne!(after, before);
}

#[tokio::test]
async fn in_a_transaction_the_rows_are_those_of_its_beginning() {
    let (_test, db, _) = shop().await;
    db.transaction(async |tx| {
        let mut users = by_id(1).with(User::ORDERS).stream(tx);
        let ann = users.try_next().await?.unwrap();
        assert_eq!((ann.name.as_str(), ann.orders.len()), ("ann", 3));
        tx.batch_execute(
            "UPDATE users SET name = 'changed ' || id;
             DELETE FROM order_items;
             DELETE FROM orders;",
        )
        .await?;
        // The loads see what the transaction has done meanwhile.
        let rest: Vec<_> = users.try_collect().await?;
        assert_eq!(rest, [8, 9, 10].map(|id| user(id, Unloaded, many([]))));
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_early_gives_its_connection_back() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    // Nothing is taken before the first entity is asked for.
    drop(by_id(1).stream(&db));
    assert_eq!(db.pool().status().size, 0);
    let before = backend(&db).await;
    for read in 0..4 {
        let mut users = by_id(1).with(User::ORDERS).stream(&db);
        for _ in 0..read {
            assert!(users.try_next().await.unwrap().is_some());
        }
        drop(users);
        // What is written now is not within a read-only transaction.
        let rename = User::update().of(&plain_user(7)).set(User::NAME, "ann");
        rename.execute(&db).await.unwrap();
        assert_eq!(backend(&db).await, before);
    }
    no_transaction_is_left(&test).await;
}

#[tokio::test]
async fn the_connection_is_free_when_the_last_batch_is_there() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let mut users = by_id(3).stream(&db);
    for _ in 0..4 {
        assert!(users.try_next().await.unwrap().is_some());
    }
    // Its last entity is handed out only now.
    let mut users = by_id(5).stream(&db);
    assert!(users.try_next().await.unwrap().is_some());
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
    let rest: Vec<User> = users.try_collect().await.unwrap();
    assert_eq!(rest.len(), 3);
}

#[tokio::test]
async fn a_stream_that_is_dropped_anywhere_leaves_the_pool_clean() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let query = by_id(2)
        .with(User::ADDRESSES)
        .with(User::ORDERS.with(Order::ITEMS));
    let expected = query.clone().all(&db).await.unwrap();
    let mut polls = 0;
    while !drop_after(polls, query.clone().stream(&db)).await {
        assert_eq!(query.clone().all(&db).await.unwrap(), expected);
        let rename = User::update().of(&plain_user(7)).set(User::NAME, "ann");
        rename.execute(&db).await.unwrap();
        no_transaction_is_left(&test).await;
        // The next run prepares everything anew.
        db.pool().retain(|_, _| polls % 2 == 0);
        polls += 1;
    }
    assert!(polls > 10, "{polls}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_anywhere_in_a_transaction_leaves_no_cursor() {
    let (test, _, _) = shop().await;
    let mut client = test.connect().await.unwrap();
    let query = by_id(2).with(User::ORDERS.with(Order::ITEMS));
    let mut polls = 0;
    loop {
        let transaction = client.transaction().await.unwrap();
        let done = drop_after(polls, query.clone().stream(&transaction)).await;
        assert_eq!(cursors(&transaction).await, 0, "after {polls} polls");
        assert_eq!(query.clone().all(&transaction).await.unwrap().len(), 4);
        transaction.commit().await.unwrap();
        if done {
            break;
        }
        polls += 1;
    }
    assert!(polls > 10, "{polls}");
}

#[tokio::test]
async fn a_transaction_is_aborted_only_if_a_statement_was_under_way() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let query = by_id(2).with(User::ORDERS.with(Order::ITEMS));
    let (mut polls, mut aborted) = (0, 0);
    loop {
        let outcome = db
            .transaction(async |tx| {
                let done = drop_after(polls, query.clone().stream(tx)).await;
                Ok::<_, Error>(done)
            })
            .await;
        assert_eq!(User::query().count(&db).await.unwrap(), 4);
        match outcome {
            Ok(true) => break,
            Ok(false) => {}
            Err(Error::Aborted) => aborted += 1,
            Err(error) => panic!("{error:?}"),
        }
        polls += 1;
    }
    assert!(0 < aborted && aborted < polls, "{aborted} of {polls}");
    no_transaction_is_left(&test).await;
}

/// Reads a stream to its error, and asserts that it ends with it.
async fn to_error<V>(mut stream: EntityStream<'_, V>) -> (usize, Error) {
    let mut read = 0;
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("no error in {read} entities"),
            Err(error) => break error,
        }
    };
    for _ in 0..2 {
        assert!(stream.try_next().await.unwrap().is_none());
    }
    (read, error)
}

/// Users of whom the seventh cannot be computed.
fn dividing(last: i32) -> Query<User> {
    User::from_sql(sql!(
        "SELECT n::int8 AS id, (100 / (7 - n))::text AS name FROM generate_series(1, $1) AS n",
        last
    ))
}

#[derive(Entity, Debug)]
#[entity(table = "users")]
#[allow(dead_code)]
struct Resident<Home = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(has_one(Address, foreign_key = user_id))]
    address: Home,
}

#[tokio::test]
async fn an_error_comes_after_the_batches_before_and_ends_the_stream() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let before = backend(&db).await;
    let check = async |stopped: (usize, Error), read: usize, says: &str| {
        assert_eq!(stopped.0, read, "{}", stopped.1);
        assert!(stopped.1.to_string().contains(says), "{}", stopped.1);
        assert_eq!(User::query().count(&db).await.unwrap(), 4);
        assert_eq!(backend(&db).await, before);
        no_transaction_is_left(&test).await;
    };
    // In the declaration, in a later FETCH, in a row, in a load of a later batch, and in what a load has found.
    let unknown = User::from_sql(sql!("SELECT * FROM nothing"));
    check(to_error(unknown.stream(&db)).await, 0, "nothing").await;
    let zero = dividing(10).batch_size(2);
    check(to_error(zero.stream(&db)).await, 6, "division by zero").await;
    let null = User::from_sql(sql!(
        "SELECT n::int8 AS id, CASE WHEN n < 6 THEN 'ann' END AS name FROM generate_series(1, 9) AS n"
    ));
    check(to_error(null.batch_size(2).stream(&db)).await, 4, "`name`").await;
    let orders = User::ORDERS.filter(sql!("10 / ($1 - 9) <> 99", Order::USER_ID));
    let load = by_id(1).with(orders);
    check(to_error(load.stream(&db)).await, 2, "division by zero").await;
    let two = Resident::query().with(Resident::ADDRESS).batch_size(1);
    check(to_error(two.stream(&db)).await, 1, "Resident.address").await;
}

#[tokio::test]
async fn an_error_that_is_not_the_servers_leaves_its_transaction_usable() {
    let (test, db, _) = shop().await;
    async fn run(on: &impl Executor) {
        let two = Resident::query().with(Resident::ADDRESS).batch_size(1);
        let (read, error) = to_error(two.stream(on)).await;
        assert!(matches!(error, Error::TooMany { .. }), "{error:?}");
        assert_eq!(read, 1);
        let undecodable = User::from_sql(sql!("SELECT 1 AS id, 'x' AS name"));
        let (_, error) = to_error(undecodable.stream(on)).await;
        assert!(matches!(error, Error::Decode { .. }), "{error:?}");
        let unfit = by_id(1).filter(sql!("now() > $1::date", "today"));
        let (_, error) = to_error(unfit.stream(on)).await;
        assert!(error.to_string().contains("parameter 0"), "{error}");
        assert_eq!(cursors(on).await, 0);
    }
    db.transaction(async |tx| {
        run(tx).await;
        User::insert(NewUser {
            name: "eve".to_owned(),
        })
        .execute(tx)
        .await
    })
    .await
    .unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 5);
    let mut client = test.connect().await.unwrap();
    run(&client.transaction().await.unwrap()).await;
}

#[tokio::test]
async fn an_error_of_the_server_aborts_the_transaction() {
    let (_test, db, _) = shop().await;
    let outcome = db
        .transaction(async |tx| {
            let (read, _) = to_error(dividing(10).batch_size(3).stream(tx)).await;
            assert_eq!(read, 6);
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[tokio::test]
async fn a_connection_that_is_lost_between_batches() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let lost = backend(&db).await;
    let mut users = by_id(1).stream(&db);
    users.try_next().await.unwrap();
    let client = test.connect().await.unwrap();
    let terminate = "SELECT pg_terminate_backend($1, 10000)";
    client.query_one(terminate, &[&lost]).await.unwrap();
    let (read, error) = to_error(users).await;
    assert_eq!(read, 0);
    assert!(matches!(error, Error::Connection(_)), "{error:?}");
    let users: Vec<User> = by_id(2).stream(&db).try_collect().await.unwrap();
    assert_eq!(users.len(), 4);
}

#[tokio::test]
async fn a_client_in_no_transaction_cannot_stream() {
    let (test, db, _) = shop().await;
    async fn refuses(on: &impl Executor) {
        let (read, error) = to_error(by_id(1).with(User::ORDERS).stream(on)).await;
        assert_eq!(read, 0);
        assert!(matches!(error, Error::NoTransaction), "{error:?}");
        assert_eq!(User::query().count(on).await.unwrap(), 4);
    }
    let client = test.connect().await.unwrap();
    refuses(&client).await;
    refuses(&db.pool().get().await.unwrap()).await;

    client.batch_execute("BEGIN").await.unwrap();
    let users = by_id(1).with(User::ORDERS).stream(&client);
    let users: Vec<_> = users.try_collect().await.unwrap();
    assert_eq!(users.len(), 4);
    assert_eq!(cursors(&client).await, 0);
    client.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn rows_are_locked_a_batch_at_a_time() {
    let (_test, db, _) = shop().await;
    let free = async || {
        let others = User::query().for_update().skip_locked();
        let free = db.transaction(async |tx| others.all(tx).await).await;
        free.unwrap().into_iter().map(|user| user.id).collect()
    };
    db.transaction(async |tx| {
        let mut users = by_id(3).with(User::ORDERS).for_update().stream(tx);
        assert_eq!(users.try_next().await?.unwrap().id, 7);
        let left: Vec<i64> = free().await;
        assert_eq!(left, [10]);
        while users.try_next().await?.is_some() {}
        let left: Vec<i64> = free().await;
        assert_eq!(left, [0; 0]);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    let (_, error) = to_error(by_id(3).for_update().stream(&db)).await;
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(User::query().count(&db).await.unwrap(), 4);
}

#[tokio::test]
async fn a_snapshot_of_a_stream_is_one_of_its_transaction() {
    let (_test, db, _) = shop().await;
    let query = || by_id(1).with(User::ORDERS).snapshot();
    let users: Vec<_> = query().stream(&db).try_collect().await.unwrap();
    assert_eq!(users.len(), 4);
    db.snapshot(async |tx| {
        let users: Vec<_> = query().stream(tx).try_collect().await?;
        assert_eq!(users.len(), 4);
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    db.transaction(async |tx| {
        let (_, error) = to_error(query().stream(tx)).await;
        assert!(matches!(error, Error::NoSnapshot { .. }), "{error:?}");
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_stream_is_not_pipelined_and_says_so() {
    let (_test, db, log) = shop().await;
    let query = || by_id(2).with(User::ORDERS);
    let by_levels: Vec<_> = query().by_levels().stream(&db).try_collect().await.unwrap();
    assert_eq!(log.notes().len(), 0);
    let sent = log.take().len();
    let pipelined: Vec<_> = query().pipelined().stream(&db).try_collect().await.unwrap();
    assert_eq!(pipelined, by_levels);
    assert_statements(&log, sent);
    assert_eq!(log.notes().len(), 1);
    let handle = db.pipelined();
    query()
        .stream(&handle)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    assert_eq!(log.notes().len(), 2);
    assert!(log.notes()[0].contains("stream"), "{:?}", log.notes());
}

#[tokio::test]
async fn prepared_statements_do_not_grow_with_streams() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let run = async |count: i64| {
        let query = by_id(count as u32)
            .filter(User::ID.is_in(0..count))
            .with(User::ORDERS.filter(Order::ID.ne(count)));
        let alone = query.clone().stream(&db);
        alone.try_collect::<Vec<_>>().await.unwrap();
        db.transaction(async |tx| {
            let mut first = query.clone().stream(tx);
            first.try_next().await?;
            query.clone().stream(tx).try_collect::<Vec<_>>().await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    };
    let prepared = async || {
        let client = db.pool().get().await.unwrap();
        let count = "SELECT count(*) FROM pg_prepared_statements";
        client.query_one(count, &[]).await.unwrap().get::<_, i64>(0)
    };
    run(20).await;
    let before = prepared().await;
    for count in [8, 9, 30] {
        run(count).await;
    }
    assert_eq!(prepared().await, before);
}

#[tokio::test]
async fn tables_that_have_changed_since_the_statements_were_prepared() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let other = test.connect().await.unwrap();
    let query = || {
        let orders = Order::query().filter(Order::PRIORITY.is_in([1, 2]));
        orders.with(Order::USER.selectin()).batch_size(1)
    };
    async fn read<V>(stream: EntityStream<'_, V>) -> unlazy::Result<usize> {
        stream.try_collect::<Vec<_>>().await.map(|read| read.len())
    }
    assert_eq!(read(query().stream(&db)).await.unwrap(), 3);
    for change in [
        "ALTER TABLE orders ADD COLUMN born date",
        "ALTER TABLE orders ALTER priority TYPE int8; ALTER TABLE orders ALTER priority TYPE int4",
        "ALTER TABLE users ALTER name TYPE varchar(50)",
    ] {
        other.batch_execute(change).await.unwrap();
        assert_eq!(read(query().stream(&db)).await.unwrap(), 3);
    }
    let forget = "DEALLOCATE ALL";
    let client = db.pool().get().await.unwrap();
    client.batch_execute(forget).await.unwrap();
    drop(client);
    assert_eq!(read(query().stream(&db)).await.unwrap(), 3);

    // Within a transaction nothing can be tried again, but the next one is as good as new.
    let in_transaction = async || {
        let read = async |tx: &mut unlazy::Transaction| read(query().stream(tx)).await;
        db.transaction(read).await
    };
    assert_eq!(in_transaction().await.unwrap(), 3);
    let change = "ALTER TABLE users ALTER name TYPE text";
    other.batch_execute(change).await.unwrap();
    in_transaction().await.unwrap_err();
    assert_eq!(in_transaction().await.unwrap(), 3);

    let change = "ALTER TABLE orders ALTER priority TYPE float4";
    other.batch_execute(change).await.unwrap();
    let error = read(query().stream(&db)).await.unwrap_err();
    let Error::Decode { column, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(column, "priority");
}

#[tokio::test]
async fn a_stream_runs_in_a_task_of_its_own() {
    let (_test, db, _) = shop().await;
    let handle = db.clone();
    let ids = tokio::spawn(async move {
        let mut ids = Vec::new();
        let mut users = std::pin::pin!(by_id(1).with(User::ORDERS).stream(&handle));
        while let Some(user) = users.try_next().await? {
            ids.push(user.id);
        }
        Ok::<_, Error>(ids)
    });
    assert_eq!(ids.await.unwrap().unwrap(), [7, 8, 9, 10]);
    // The adapters of other crates.
    let names = by_id(2).stream(&db).map_ok(|user| user.name);
    let names: Vec<String> = names.try_collect().await.unwrap();
    assert_eq!(names, ["ann", "ben", "cleo", "dan"]);
}

#[tokio::test]
async fn streams_of_a_pool_of_one_wait_for_each_other() {
    let (test, _, _) = shop().await;
    let db = one_connection(&test);
    let read = || {
        by_id(1)
            .with(User::ORDERS)
            .stream(&db)
            .try_collect::<Vec<_>>()
    };
    let (first, second) = tokio::join!(read(), read());
    assert_eq!(first.unwrap(), second.unwrap());
}
