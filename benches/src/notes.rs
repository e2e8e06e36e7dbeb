//! The table into which the contenders insert, as seen over a connection of the benchmark itself.

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, NoTls};
use workload::{BoxError, Entry, Value, note};

pub(crate) struct Notes {
    client: Client,
}

impl Notes {
    pub(crate) async fn connect(url: &str) -> Result<Self, BoxError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { client })
    }

    /// Also lets the keys begin with 1 again.
    pub(crate) async fn empty(&self) -> Result<(), BoxError> {
        let sql = "TRUNCATE notes RESTART IDENTITY";
        Ok(self.client.batch_execute(sql).await?)
    }

    /// What is in the table.
    pub(crate) async fn stored(&self) -> Result<Vec<Entry>, BoxError> {
        let sql = "SELECT id, user_id, title, views, created_at FROM notes ORDER BY id";
        let rows = self.client.query(sql, &[]).await?;
        let entry = |row: &tokio_postgres::Row| {
            Entry::new([
                row.get::<_, i64>(0).into(),
                row.get::<_, i64>(1).into(),
                Value::Text(row.get(2)),
                row.get::<_, i32>(3).into(),
                row.get::<_, DateTime<Utc>>(4).into(),
            ])
        };
        Ok(rows.iter().map(entry).collect())
    }
}

/// What has to be in the table after so many were inserted.
pub(crate) fn expected(rows: i64) -> Vec<Entry> {
    let entry = |number| {
        let (user_id, title, views, created_at) = note(number);
        Entry::new([
            Value::Int(number + 1),
            user_id.into(),
            Value::Text(title),
            views.into(),
            created_at.into(),
        ])
    };
    (0..rows).map(entry).collect()
}
