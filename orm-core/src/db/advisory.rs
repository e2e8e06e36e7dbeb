//! Advisory locks.

use crate::db::Transaction;
use crate::error::Result;
use crate::fragment::Fragment;
use crate::sql;

/// What an [advisory lock](Transaction::advisory_lock) is taken on: an `i64`, two `i32`, or a text.
///
/// The server makes a number of a text, `hashtextextended('..', 0)`, so that two texts may rarely share a lock, with each other or
/// with a number. Pairs are apart from both. All are of one database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AdvisoryKey(Key);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Number(i64),
    Pair(i32, i32),
    Text(String),
}

impl From<i64> for AdvisoryKey {
    fn from(number: i64) -> Self {
        Self(Key::Number(number))
    }
}

impl From<(i32, i32)> for AdvisoryKey {
    fn from((class, object): (i32, i32)) -> Self {
        Self(Key::Pair(class, object))
    }
}

impl From<&str> for AdvisoryKey {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for AdvisoryKey {
    fn from(text: String) -> Self {
        Self(Key::Text(text))
    }
}

/// The statement of a function with each kind of key.
macro_rules! call {
    ($function:literal, $key:expr) => {
        match $key.into().0 {
            Key::Number(number) => {
                Fragment::new(concat!("SELECT ", $function, "($1)")).argument(number)
            }
            Key::Pair(class, object) => Fragment::new(concat!("SELECT ", $function, "($1, $2)"))
                .argument(class)
                .argument(object),
            Key::Text(text) => {
                Fragment::new(concat!("SELECT ", $function, "(hashtextextended($1, 0))"))
                    .argument(text)
            }
        }
    };
}

/// # Advisory locks
///
/// Locks on whatever the program means by a key, and nothing in the database. They hold until the transaction ends, or the savepoint
/// that they were taken in is rolled back, and cannot be given back before. PostgreSQL also has some that outlast
/// transactions; in a pool they would pass to the next user of the connection, so there are none here.
impl Transaction {
    /// Takes a lock that nobody else has at the same time, and waits for it: `SELECT pg_advisory_xact_lock($1)`.
    ///
    /// ```no_run
    /// # async fn example(db: unlazy::Db, account: i32) -> unlazy::Result<()> {
    /// db.transaction(async |tx| {
    ///     tx.advisory_lock("nightly report").await?;
    ///     // .. or of one account, for one purpose
    ///     tx.advisory_lock((1, account)).await?;
    ///     Ok::<_, unlazy::Error>(())
    /// }).await
    /// # }
    /// ```
    ///
    /// A transaction that is `REPEATABLE READ` or `SERIALIZABLE` sees the database as it was before it waited for a lock that is its first
    /// statement, and so not what the one before it has done. Take locks in `READ COMMITTED`.
    ///
    /// # Errors
    ///
    /// [`Error::Deadlock`](crate::Error::Deadlock) if two wait for each other, and
    /// [`Error::LockNotAvailable`](crate::Error::LockNotAvailable) after the server's `lock_timeout`.
    pub async fn advisory_lock(&self, key: impl Into<AdvisoryKey>) -> Result<()> {
        self.lock(call!("pg_advisory_xact_lock", key)).await
    }

    /// Takes a lock that others may have at the same time, unless they have it by [`advisory_lock`](Self::advisory_lock), and waits for
    /// it: `SELECT pg_advisory_xact_lock_shared($1)`.
    ///
    /// # Errors
    ///
    /// As [`advisory_lock`](Self::advisory_lock).
    pub async fn advisory_lock_shared(&self, key: impl Into<AdvisoryKey>) -> Result<()> {
        self.lock(call!("pg_advisory_xact_lock_shared", key)).await
    }

    /// [`advisory_lock`](Self::advisory_lock), if it is free. Says whether it was:
    /// `SELECT pg_try_advisory_xact_lock($1)`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn try_advisory_lock(&self, key: impl Into<AdvisoryKey>) -> Result<bool> {
        self.try_lock(call!("pg_try_advisory_xact_lock", key)).await
    }

    /// [`advisory_lock_shared`](Self::advisory_lock_shared), if nobody has it for themselves. Says whether it was so:
    /// `SELECT pg_try_advisory_xact_lock_shared($1)`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn try_advisory_lock_shared(&self, key: impl Into<AdvisoryKey>) -> Result<bool> {
        self.try_lock(call!("pg_try_advisory_xact_lock_shared", key))
            .await
    }

    async fn lock(&self, call: Fragment<()>) -> Result<()> {
        let sql = sql::raw(&call.into_pieces());
        self.connection().execute(&sql).await.map(drop)
    }

    async fn try_lock(&self, call: Fragment<()>) -> Result<bool> {
        let sql = sql::raw(&call.into_pieces());
        let mut is_locked = false;
        self.connection()
            .query(&sql, &mut |row| {
                is_locked = row.try_get(0)?;
                Ok(())
            })
            .await?;
        Ok(is_locked)
    }
}
