//! Running statements: the pool, single connections, transactions.

mod advisory;
mod all_or_nothing;
mod connection;
mod copy;
mod cursor;
mod executor;
mod log;
mod pool;
mod pooled;
mod retry;
mod snapshot;
mod transaction;

pub(crate) use connection::{Connection, is_outdated};
pub(crate) use copy::{CopiedRow, Copying};
pub(crate) use cursor::{Cursor, Fetch};
pub(crate) use snapshot::{BEGIN_SNAPSHOT, END_SNAPSHOT};

pub use advisory::AdvisoryKey;
pub use executor::{Acquire, Executor};
pub use log::{LoggedStatement, StatementLog};
pub use pool::Db;
pub use retry::Retry;
pub use transaction::{Isolation, Transaction, TransactionOptions};
