//! Snapshots: several statements that see the database at one moment.

use crate::db::connection::Connection;
use crate::error::{Error, Result};

/// What is known of the transaction that a connection is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The connection is this query's alone and in no transaction.
    Own,
    /// It is in a transaction whose statements all see the same snapshot.
    Snapshot,
    /// It is in a transaction each of whose statements may see what others have committed meanwhile.
    Transaction,
    /// It is somebody else's client: whether it is in a transaction is not known.
    Foreign,
}

pub(crate) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(crate) const END_SNAPSHOT: &str = "COMMIT";

impl Connection<'_> {
    /// Whether several statements can see one snapshot here, and if so, whether it has to be begun.
    pub(crate) fn begins_snapshot(&self) -> Result<bool> {
        match self.standing {
            Standing::Own => Ok(true),
            Standing::Snapshot => Ok(false),
            Standing::Transaction => Err(Error::NoSnapshot {
                reason: "the transaction is not known to be REPEATABLE READ or SERIALIZABLE",
            }),
            Standing::Foreign => Err(Error::NoSnapshot {
                reason: "whether this client is in a transaction is not known",
            }),
        }
    }

    /// Begins the snapshot, unless there is none to begin.
    pub(crate) async fn begin_snapshot(&self, begins: bool) -> Result<()> {
        if !begins {
            return Ok(());
        }
        self.begin(BEGIN_SNAPSHOT).await
    }

    /// Ends the snapshot, whatever became of its statements: the server answers the COMMIT of a failed transaction with a
    /// rollback.
    pub(crate) async fn end_snapshot(&self, begins: bool) -> Result<()> {
        if !begins {
            return Ok(());
        }
        self.end(END_SNAPSHOT).await
    }
}
