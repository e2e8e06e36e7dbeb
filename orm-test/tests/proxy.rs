//! The proxy: what counts as a round trip, how long one takes, and broken connections.

use std::time::{Duration, Instant};

use orm_test::{Error, TestDb};
use tokio::try_join;
use tokio_postgres::{NoTls, types::Type};

const LATENCY: Duration = Duration::from_millis(5);

#[tokio::test]
async fn queries_one_after_the_other() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let client = proxy.connect().await?;
    let statement = client.prepare("SELECT $1::int").await.unwrap();

    proxy.reset();
    let start = Instant::now();
    for i in 0..5 {
        let row = client.query_one(&statement, &[&i]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), i);
    }
    assert_eq!(proxy.round_trips(), 5);
    assert!(start.elapsed() >= 10 * LATENCY);
    Ok(())
}

#[tokio::test]
async fn queries_sent_together() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let client = proxy.connect().await?;
    let query = |i: i32| {
        let client = &client;
        async move { client.query_typed("SELECT $1", &[(&i, Type::INT4)]).await }
    };

    proxy.reset();
    try_join!(query(1), query(2), query(3), query(4), query(5)).unwrap();
    assert_eq!(proxy.round_trips(), 1);

    // The first answer comes long before the last.
    proxy.reset();
    let slow = "SELECT pg_sleep(0.03)";
    try_join!(
        query(1),
        client.query_typed(slow, &[]),
        query(3),
        client.query_typed(slow, &[]),
    )
    .unwrap();
    assert_eq!(proxy.round_trips(), 1);
    Ok(())
}

#[tokio::test]
async fn what_drivers_send_in_passing_is_not_counted() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let client = proxy.connect().await?;

    proxy.reset();
    for _ in 0..3 {
        // Prepares a statement, runs it, and closes it.
        client.query("SELECT 1", &[]).await.unwrap();
    }
    drop(client);
    tokio::time::sleep(4 * LATENCY).await;
    assert_eq!(proxy.round_trips(), 6);
    Ok(())
}

#[tokio::test]
async fn prepared_and_run_together() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let client = proxy.connect().await?;

    proxy.reset();
    // Each is run as soon as it is prepared: the answers come one by one.
    try_join!(
        client.query("SELECT 1", &[]),
        client.query("SELECT 2", &[]),
        client.query("SELECT 3", &[]),
    )
    .unwrap();
    assert_eq!(proxy.round_trips(), 2);
    Ok(())
}

#[tokio::test]
async fn connections_are_counted_together() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let (one, two) = try_join!(proxy.connect(), proxy.connect())?;

    proxy.reset();
    try_join!(one.simple_query("SELECT 1"), two.simple_query("SELECT 2")).unwrap();
    assert_eq!(proxy.round_trips(), 2);
    Ok(())
}

#[tokio::test]
async fn latency_does_not_limit_throughput() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(20 * LATENCY).await?;
    let client = proxy.connect().await?;

    let start = Instant::now();
    // 20 MB, which is over a thousand chunks.
    let sql = "SELECT repeat('x', 1000) FROM generate_series(1, 20000)";
    let rows = client.query_typed(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 20_000);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    Ok(())
}

#[tokio::test]
async fn broken_connections() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let proxy = db.proxy(LATENCY).await?;
    let client = proxy.connect().await?;
    let query = client.query_typed("SELECT pg_sleep(60)", &[]);
    let broken = async {
        tokio::time::sleep(4 * LATENCY).await;
        proxy.disconnect().await;
    };
    let (result, ()) = tokio::join!(query, broken);
    assert!(result.is_err());

    let (client, connection) = tokio_postgres::connect(&proxy.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.simple_query("SELECT 1").await.unwrap();
    Ok(())
}
