//! Databases: isolated from each other, copied from templates, dropped.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use orm_test::{Error, TestDb};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

async fn exists(client: &Client, database: &str) -> bool {
    let sql = "SELECT FROM pg_database WHERE datname = $1";
    client.query_opt(sql, &[&database]).await.unwrap().is_some()
}

/// A schema that no other test has, and that remembers when it was run.
fn schema(test: &str) -> String {
    format!("CREATE TABLE {test} (); CREATE TABLE made AS SELECT clock_timestamp() AS at")
}

async fn made_at(db: &TestDb) -> SystemTime {
    let client = db.connect().await.unwrap();
    let sql = "SELECT at FROM made";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn databases_do_not_see_each_other() -> Result<(), Error> {
    let (one, two) = (TestDb::new().await?, TestDb::new().await?);
    for db in [&one, &two] {
        let client = db.connect().await?;
        client.batch_execute("CREATE TABLE t ()").await.unwrap();
    }
    Ok(())
}

#[tokio::test]
async fn the_url_leads_to_the_database() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let (client, connection) = tokio_postgres::connect(&db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT current_database()::text";
    let name: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(name, db.name());
    Ok(())
}

#[tokio::test]
async fn dropped_although_somebody_is_connected() -> Result<(), Error> {
    let other = TestDb::new().await?;
    let observer = other.connect().await?;
    let db = TestDb::new().await?;
    let name = db.name().to_owned();
    let _client = db.connect().await?;

    assert!(exists(&observer, &name).await);
    drop(db);
    assert!(!exists(&observer, &name).await);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_when_the_test_panics() -> Result<(), Error> {
    let other = TestDb::new().await?;
    let observer = other.connect().await?;
    let name = Arc::new(Mutex::new(String::new()));
    let test = tokio::spawn({
        let name = Arc::clone(&name);
        async move {
            let db = TestDb::new().await.unwrap();
            db.name().clone_into(&mut name.lock().unwrap());
            panic!("on purpose");
        }
    });
    assert!(test.await.unwrap_err().is_panic());

    let name = name.lock().unwrap().clone();
    assert!(name.starts_with("unlazy_test_"));
    assert!(!exists(&observer, &name).await);
    Ok(())
}

#[tokio::test]
async fn a_schema_runs_once() -> Result<(), Error> {
    let schema = schema("a_schema_runs_once");
    let _other = TestDb::new().await?;
    let one = TestDb::with_schema(&schema).await?;
    let two = TestDb::with_schema(&schema).await?;
    let made = made_at(&one).await;
    assert_eq!(made, made_at(&two).await);

    // As long as the process has any database.
    drop((one, two));
    let three = TestDb::with_schema(&schema).await?;
    assert_eq!(made, made_at(&three).await);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_runs_once_for_tests_that_start_together() -> Result<(), Error> {
    let mut tests = JoinSet::new();
    for _ in 0..12 {
        tests.spawn(async { TestDb::with_schema(&schema("tests_that_start_together")).await });
    }
    let databases: Vec<TestDb> = tests
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    let made = made_at(&databases[0]).await;
    for db in &databases {
        assert_eq!(made, made_at(db).await);
    }
    // Dropped together as well.
    let threads = databases
        .into_iter()
        .map(|db| std::thread::spawn(|| drop(db)));
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
    Ok(())
}

#[tokio::test]
async fn a_schema_that_fails_says_why() -> Result<(), Error> {
    let schema = "CREATE TABLE a_schema_that_fails (); SELECT 1 / 0";
    for _ in 0..2 {
        let error = TestDb::with_schema(schema).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "running the schema: db error: ERROR: division by zero"
        );
    }
    Ok(())
}
