//! What can go wrong, each as something that the caller can act on.

mod constraint;
mod key;

use std::io::ErrorKind;

use tokio_postgres::error::{DbError, SqlState};

use crate::columns::Columns;
use crate::connect::ConnectError;

pub use constraint::{ConstraintKind, Violation};

/// The result of everything that talks to the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong while a statement ran, or before it could.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A column's value could not be read into its field.
    #[error(
        "column `{column}` of `{entity}`, {postgres_type} in the database, cannot be read as `{rust_type}`{}",
        because(.source)
    )]
    Decode {
        /// The entity.
        entity: &'static str,
        /// The column, as the database names it.
        column: &'static str,
        /// The type that the database sent.
        postgres_type: String,
        /// The field's type.
        rust_type: &'static str,
        /// Why the value did not decode, for example because it is NULL; `None` if already the types do not fit.
        source: Option<Source>,
    },

    /// The value of an expression could not be read: of one that the query returns next to its entities, or of an
    /// aggregate of the query.
    #[error(
        "`{expression}`, {postgres_type} in the database, cannot be read as `{rust_type}`{}",
        because(.source)
    )]
    DecodeExpression {
        /// The expression's SQL.
        expression: String,
        /// The type that the database sent.
        postgres_type: String,
        /// The expression's type.
        rust_type: &'static str,
        /// Why the value did not decode, for example because it is NULL; `None` if already the types do not fit.
        source: Option<Source>,
    },

    /// One row was asked for, and there is none.
    #[error("no row of `{entity}` was found")]
    NotFound {
        /// The entity.
        entity: &'static str,
    },

    /// A row is not there any more in the version that the entity has: somebody else has changed or deleted it since it was
    /// read. Of an update or delete `.of(&entity)`, if the entity has a `version`. Nothing was
    /// changed.
    ///
    /// Read the row again, and decide on what it is now. Running the same statement again would be of no use.
    #[error(
        "the row {key} of `{entity}` has been changed or deleted since it was read, or is hidden by a scope"
    )]
    Stale {
        /// The entity.
        entity: &'static str,
        /// The row's primary key, as Rust prints it.
        key: String,
    },

    /// At most one row was asked for, and there are more.
    #[error("`{of}` has more than one row where at most one was expected")]
    TooMany {
        /// The entity of a query, or the relation, as `User.profile`.
        of: String,
    },

    /// A foreign key that is not NULL refers to a row that is not there, or that is hidden by row-level security or by a
    /// scope of its entity; [`Rel::unscoped`](crate::Rel::unscoped) shows the latter.
    #[error("`{relation}` refers to the key {key}, but that row is missing")]
    MissingTarget {
        /// The relation, as `Post.author`.
        relation: String,
        /// The key, as Rust prints it.
        key: String,
    },

    /// A query reaches rows of an entity that is [scoped](crate::Scope) by a value, and neither the query nor the handle gives
    /// one. Nothing was sent.
    #[error(
        "`{entity}` is scoped by `{scope}`, which has no value here: give one with `db.scoped::<{scope}>(..)`, or with \
         `.scope::<{scope}>(..)` on the query; `.unscoped()` is for the rows of all"
    )]
    MissingScope {
        /// The entity.
        entity: &'static str,
        /// The scope.
        scope: &'static str,
    },

    /// A relation that was followed to its end leads from a row back to the same row.
    #[error("`{relation}` leads from the row {key} back to it, so that it has no end")]
    Cycle {
        /// The relation, as `Task.subtasks`.
        relation: String,
        /// The row's primary key, as Rust prints it.
        key: String,
    },

    /// A row that was inserted together with its parent has the key of another parent, or none. See [`Rel::insert`](crate::Rel::insert).
    #[error(
        "a new row of `{relation}` does not belong to its parent, whose key is {key}: take the foreign key from the parent that \
         the function is given"
    )]
    WrongParent {
        /// The relation, as `User.posts`.
        relation: String,
        /// The parent's key, as Rust prints it.
        key: String,
    },

    /// A key could not be encoded as the type that the database has for it.
    #[error("the key of `{relation}` cannot be sent as the type that the database has for it")]
    Encode {
        /// The relation, as `User.posts`.
        relation: String,
        /// Why not.
        source: Source,
    },

    /// The server found a row for a key that is equal by the column's type but not byte for byte. Or, if the query was
    /// [pipelined](crate::Query::pipelined), a row of a parent that the query itself did not find, because a view or a policy
    /// gave other rows the second time.
    #[error(
        "the rows of `{relation}` match their keys only by the rules of the column's type; \
         name that type on the key's fields, as in `#[entity(type = \"citext\")]`"
    )]
    UnmatchedKey {
        /// The relation, as `User.posts`.
        relation: String,
    },

    /// A constraint of the database refused a row. Which one, [`violates`](Self::violates) and
    /// [`constraint`](Self::constraint) say.
    #[error("{0}")]
    Constraint(Box<Violation>),

    /// A new row was neither inserted nor did the row that it is in conflict with become as it is: a [scope](crate::Scope) hides
    /// that row, or a trigger refused the change.
    #[error(
        "the new row of `{entity}` was not written: the row that it is in conflict with is hidden by a scope, or a trigger refused \
         it; `.one_or_none(..)` makes that a `None`; `.with_deleted()` updates deleted rows too, `.unscoped()` all hidden ones"
    )]
    NotWritten {
        /// The entity.
        entity: &'static str,
    },

    /// Two new rows of an [upsert](crate::Upsert) are in conflict with the same row, or with one another, and a statement updates
    /// a row once. Nothing was written.
    #[error(
        "two of the new rows have the same key, and one statement updates a row only once: insert one row for each key"
    )]
    SameKeyTwice(#[source] tokio_postgres::Error),

    /// An [upsert](crate::Upsert) was to tell inserted rows from updated ones in a partitioned table, of which the server does not
    /// say it. Nothing was written.
    #[error(
        "the table of `{entity}` is partitioned, so the server does not tell which rows were inserted and which were updated"
    )]
    CannotTellInserted {
        /// The entity.
        entity: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },

    /// No connection of the pool became free in time.
    #[error("no connection of the pool became free in time")]
    PoolTimeout,

    /// The statement ran longer than `statement_timeout` allows, or was cancelled.
    #[error("the statement was cancelled by a timeout or on request")]
    StatementTimeout(#[source] tokio_postgres::Error),

    /// Somebody else has locked a row, and the statement was not to wait, or not longer than `lock_timeout`.
    #[error("a lock that somebody else has did not become free in time")]
    LockNotAvailable(#[source] tokio_postgres::Error),

    /// The transaction could not be serialized with others. Run it again.
    #[error("the transaction conflicts with a concurrent one")]
    SerializationFailure(#[source] tokio_postgres::Error),

    /// The transaction was chosen to end a deadlock. Run it again.
    #[error("the transaction was in a deadlock")]
    Deadlock(#[source] tokio_postgres::Error),

    /// The connection is lost, or could not be made.
    #[error("no connection to the database: {}", with_causes(&**.0))]
    Connection(#[source] Source),

    /// The connection string or the pool's settings are wrong.
    #[error(transparent)]
    Config(#[from] ConnectError),

    /// A statement of this transaction had failed, or its future was dropped before its end, so there was nothing that
    /// could be committed. The transaction was rolled back.
    #[error(
        "a statement of this transaction had failed or was dropped before its end, \
         so the transaction was rolled back instead of committed"
    )]
    Aborted,

    /// The server refused to begin the transaction, for example because it was cancelled at that moment. A statement that was
    /// sent along with the `BEGIN` may have run by itself; none was after that.
    ///
    /// Where that must not be, [`TransactionOptions::begin_first`](crate::TransactionOptions::begin_first) waits for the `BEGIN`.
    #[error(
        "the transaction could not be begun, and the first statement may have run without it: {0}"
    )]
    NotBegun(#[source] Box<Error>),

    /// The function that the transaction was given to has returned, so that nothing more can run within it. The handle was
    /// moved out of the function.
    #[error("the transaction has ended with the function that it was given to")]
    TransactionEnded,

    /// A query that asked for a snapshot runs where there can be none.
    #[error(
        "a query asked for a snapshot, but {reason}; run it on a `Db`, or in a transaction begun as REPEATABLE READ"
    )]
    NoSnapshot {
        /// Why not.
        reason: &'static str,
    },

    /// A query was streamed on a client that is in no transaction, where the server keeps no result.
    #[error(
        "this needs a transaction, and the client is in none; run it on a `Db`, or in a transaction"
    )]
    NoTransaction,

    /// Any other error of the server or the driver.
    #[error("{}", what_the_server_said(.0))]
    Database(#[source] tokio_postgres::Error),
}

impl Error {
    /// The driver's error, if it is of the kind that is passed on as it is.
    pub(crate) fn as_driver_error(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the same work may succeed when it is run again from the start: serialization failures, deadlocks, lost
    /// connections and a pool that was full.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::SerializationFailure(_)
                | Self::Deadlock(_)
                | Self::Connection(_)
                | Self::PoolTimeout
        )
    }

    /// The constraint that was violated, if that is what went wrong.
    ///
    /// ```
    /// # use unlazy::{ConstraintKind, Error};
    /// fn status(error: &Error) -> u16 {
    ///     match error.constraint().map(|violation| violation.kind) {
    ///         Some(ConstraintKind::Unique | ConstraintKind::Exclusion) => 409,
    ///         Some(_) => 422,
    ///         None if error.is_retryable() => 503,
    ///         None => 500,
    ///     }
    /// }
    /// ```
    pub fn constraint(&self) -> Option<&Violation> {
        match self {
            Self::Constraint(violation) => Some(violation),
            _ => None,
        }
    }

    /// Whether a constraint over exactly these columns was violated: of an entity's table, or, where it names no schema, of a
    /// table of that name in any. A tuple stands for several columns, in any order.
    ///
    /// A sign-up that says when the address is taken, without asking first, which two could do at once:
    ///
    /// ```
    /// # use unlazy::{Db, Entity};
    /// #[derive(Entity)]
    /// #[entity(table = "users")]
    /// struct User {
    ///     #[entity(primary_key, generated)]
    ///     id: i64,
    ///     #[entity(unique)]
    ///     email: String,
    /// }
    ///
    /// async fn sign_up(db: &Db, email: String) -> (u16, String) {
    ///     match User::insert(NewUser { email }).one(db).await {
    ///         Ok(user) => (201, format!("/users/{}", user.id)),
    ///         Err(error) if error.violates(User::EMAIL) => (409, "this address is taken".into()),
    ///         Err(_) => (500, "please try again later".into()),
    ///     }
    /// }
    /// ```
    ///
    /// Which constraints the server tells the columns of, and when it does not:
    ///
    /// | constraint | columns |
    /// | --- | --- |
    /// | `UNIQUE`, `PRIMARY KEY`, a unique index (also a partial one), `EXCLUDE` | those of the index |
    /// | `FOREIGN KEY` | those of the row that [refers to nothing](Violation::is_missing_target); none if the row to be deleted is [still referred to](Violation::is_still_referenced) |
    /// | `NOT NULL` | its column |
    /// | `CHECK` | none |
    ///
    /// An index over `lower(email)` is one over that expression, not over the column. Where row-level security hides the
    /// table's rows from this role, or the columns are not granted to it, the server keeps those of indexes and foreign keys to itself. In
    /// all of these cases, [`violates_constraint`](Self::violates_constraint) tells the constraint by its name.
    ///
    /// Of a partitioned table the server names the partition, which is no table of an entity, and the name of the partition's own
    /// index. There [`Violation::is_over`] tells the constraint by the columns alone.
    pub fn violates<C: Columns>(&self, columns: C) -> bool {
        self.constraint()
            .is_some_and(|violation| violation.is_on::<C::Entity>() && violation.is_over(columns))
    }

    /// Whether the constraint of this name was violated, of whatever table: `error.violates_constraint("users_email_key")`.
    ///
    /// That of a unique index is the index's name. NOT NULL has none.
    pub fn violates_constraint(&self, name: &str) -> bool {
        self.constraint()
            .is_some_and(|violation| violation.constraint.as_deref() == Some(name))
    }

    /// Whether it could not be done together with what somebody else did at the same time.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::SerializationFailure(_) | Self::Deadlock(_))
    }

    /// Whether the connection is gone.
    pub(crate) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Connection(_))
    }

    /// What the server reported, if this error came from it.
    ///
    /// Of a violated constraint that includes values of the row. They are nowhere else in this error: neither its text nor what
    /// `Debug` prints has them, and so no log of these.
    pub fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Constraint(violation) => violation.as_db_error(),
            Self::CannotTellInserted { source, .. }
            | Self::SameKeyTwice(source)
            | Self::StatementTimeout(source)
            | Self::LockNotAvailable(source)
            | Self::SerializationFailure(source)
            | Self::Deadlock(source)
            | Self::Database(source) => source.as_db_error(),
            Self::NotBegun(source) => source.as_db_error(),
            _ => None,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_lost_connection(&error) {
            return Self::Connection(error.into());
        }
        let error = match Violation::read(error) {
            Ok(violation) => return Self::Constraint(Box::new(violation)),
            Err(error) => error,
        };
        let Some(code) = error.code() else {
            return Self::Database(error);
        };
        match *code {
            SqlState::QUERY_CANCELED => Self::StatementTimeout(error),
            SqlState::LOCK_NOT_AVAILABLE => Self::LockNotAvailable(error),
            SqlState::T_R_SERIALIZATION_FAILURE => Self::SerializationFailure(error),
            SqlState::T_R_DEADLOCK_DETECTED => Self::Deadlock(error),
            // A subquery with more than one row has this code too.
            SqlState::CARDINALITY_VIOLATION
                if error.as_db_error().and_then(DbError::routine)
                    == Some("ExecOnConflictUpdate") =>
            {
                Self::SameKeyTwice(error)
            }
            _ => Self::Database(error),
        }
    }
}

/// Whether the connection is gone: the server said so, or the driver could not read or write.
fn is_lost_connection(error: &tokio_postgres::Error) -> bool {
    use std::error::Error as _;
    match error.code() {
        // Class 08, and the server's own shutdown, crash and "cannot connect now" of class 57.
        Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
        None => {
            // The driver also uses these two kinds, for messages that it cannot encode and was never able to send.
            let of_the_network = |error: &std::io::Error| {
                !matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::InvalidData
                )
            };
            error.is_closed()
                || error
                    .source()
                    .and_then(|source| source.downcast_ref())
                    .is_some_and(of_the_network)
        }
    }
}

/// The driver's own text for an error of the server is only that there was one.
fn what_the_server_said(error: &tokio_postgres::Error) -> String {
    let Some(db) = error.as_db_error() else {
        return with_causes(error);
    };
    let mut text = format!("{} ({})", db.message(), db.code().code());
    for more in [db.detail(), db.hint()].into_iter().flatten() {
        text.push_str(". ");
        text.push_str(more);
    }
    text
}

/// An error and what caused it: the driver's own text is seldom more than the place where it happened.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn because(source: &Option<Source>) -> String {
    source
        .as_ref()
        .map(|source| format!(": {source}"))
        .unwrap_or_default()
}
