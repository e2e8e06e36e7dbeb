//! What the benchmark itself asks of the server, outside of all times.

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, NoTls};
use workload::{BoxError, Entry, Value, note};

/// A connection beside those of the contenders, at the same distance.
pub(crate) struct Aside {
    client: Client,
}

impl Aside {
    pub(crate) async fn connect(url: &str) -> Result<Self, BoxError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { client })
    }

    /// Waits for what a contender has left to be done in the background: some libraries send something over a connection
    /// that comes back to the pool. Round trips of its own, unlike sleeping, leave the machine as busy as it was.
    pub(crate) async fn settle(&self) -> Result<(), BoxError> {
        for _ in 0..2 {
            self.client.simple_query("").await?;
        }
        Ok(())
    }

    /// Empties the table into which the contenders insert, and lets its keys begin with 1 again.
    pub(crate) async fn empty_notes(&self) -> Result<(), BoxError> {
        let sql = "TRUNCATE notes RESTART IDENTITY";
        Ok(self.client.batch_execute(sql).await?)
    }

    /// What they have inserted.
    pub(crate) async fn notes(&self) -> Result<Vec<Entry>, BoxError> {
        let sql = "SELECT id, user_id, title, views, created_at FROM notes ORDER BY id";
        let rows = self.client.query(sql, &[]).await?;
        let entry = |row: &tokio_postgres::Row| {
            Entry::new([
                Value::Int(row.get(0)),
                Value::Int(row.get(1)),
                Value::Text(row.get(2)),
                Value::from(&row.get::<_, i32>(3)),
                Value::from(&row.get::<_, DateTime<Utc>>(4)),
            ])
        };
        Ok(rows.iter().map(entry).collect())
    }
}

/// What has to be there after so many were inserted.
pub(crate) fn expected_notes(rows: i64) -> Vec<Entry> {
    let entry = |number| {
        let (user_id, title, views, created_at) = note(number);
        Entry::new([
            Value::Int(number + 1),
            Value::Int(user_id),
            Value::Text(title),
            Value::from(&views),
            Value::from(&created_at),
        ])
    };
    (0..rows).map(entry).collect()
}
