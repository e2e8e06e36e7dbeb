//! Running statements: the pool, single connections, transactions.

mod connection;
mod executor;
mod log;
mod pool;
mod transaction;

pub(crate) use connection::Connection;
pub use executor::{Acquire, Executor};
pub use log::{LoggedStatement, StatementLog};
pub use pool::Db;
pub use transaction::{Isolation, Transaction, TransactionOptions};
