//! How a transaction is begun.

/// How much a transaction sees of concurrent ones. See PostgreSQL's documentation, chapter "Transaction Isolation".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed before it began. PostgreSQL's default.
    ReadCommitted,
    /// All statements see what was committed before the first one began. One that changes a row that somebody else has
    /// changed since is an [`Error::SerializationFailure`](crate::Error::SerializationFailure).
    RepeatableRead,
    /// As if transactions ran one after the other. Where that cannot be, a statement or the `COMMIT` fails with
    /// [`Error::SerializationFailure`](crate::Error::SerializationFailure): see
    /// [`Db::transaction_retrying`](crate::Db::transaction_retrying).
    Serializable,
}

/// How a transaction is begun: `BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE`, or as much of it as is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    isolation: Option<Isolation>,
    read_only: Option<bool>,
    deferrable: bool,
    pub(super) begins_first: bool,
}

impl TransactionOptions {
    /// What the server's settings say: `BEGIN`.
    pub fn new() -> Self {
        Self::default()
    }

    /// `ISOLATION LEVEL ..`.
    pub fn isolation(self, isolation: Isolation) -> Self {
        Self {
            isolation: Some(isolation),
            ..self
        }
    }

    /// `READ ONLY` or `READ WRITE`.
    pub fn read_only(self, read_only: bool) -> Self {
        Self {
            read_only: Some(read_only),
            ..self
        }
    }

    /// `DEFERRABLE`: a serializable read-only transaction waits until it can run without ever failing. It says nothing to
    /// others.
    pub fn deferrable(self) -> Self {
        Self {
            deferrable: true,
            ..self
        }
    }

    /// Waits for the answer to `BEGIN` before anything else, which is one round trip more. It is otherwise sent along with the
    /// first statement, which then runs all the same if it is refused: see [`Error::NotBegun`](crate::Error::NotBegun).
    pub fn begin_first(self) -> Self {
        Self {
            begins_first: true,
            ..self
        }
    }

    /// Whether all statements see the same snapshot. Without an isolation level the server's settings decide.
    pub(super) fn has_one_snapshot(&self) -> bool {
        matches!(
            self.isolation,
            Some(Isolation::RepeatableRead | Isolation::Serializable)
        )
    }

    pub(super) fn begin(&self) -> String {
        let isolation = self.isolation.map(|isolation| match isolation {
            Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
            Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
            Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
        });
        let access = self.read_only.map(|read_only| match read_only {
            true => " READ ONLY",
            false => " READ WRITE",
        });
        let deferrable = self.deferrable.then_some(" DEFERRABLE");
        ["BEGIN"]
            .into_iter()
            .chain(isolation)
            .chain(access)
            .chain(deferrable)
            .collect()
    }
}
