//! A PostgreSQL for tests.
//!
//! Every test gets a database of its own, on a server that is found or started without being asked
//! for, and that leaves nothing behind:
//!
//! ```
//! use orm_test::TestDb;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let test = TestDb::with_schema("CREATE TABLE users (id bigint PRIMARY KEY)").await?;
//! let db = test.db()?;
//! // .. run what is to be tested on `db` ..
//! assert_eq!(test.log().len(), 0, "statements that were sent");
//! # let client = test.connect().await?;
//! # client.batch_execute("SELECT id FROM users").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Which server
//!
//! The first of these that there is:
//!
//! 1. the server that the environment variable `DATABASE_URL` names. Its role needs `CREATEDB`, and
//!    the connection must not require TLS;
//! 2. PostgreSQL's binaries on this machine: a private server is started, reachable through a Unix
//!    socket by this user only;
//! 3. Docker: a container, published on a random port of 127.0.0.1.
//!
//! A server that this library starts is shared by all test processes that this user runs at the same
//! time, and removed when the last of them has ended, even if it was killed. On Windows only
//! `DATABASE_URL` works. PostgreSQL 13 is the oldest that will do.
//!
//! A database is some 300 files, so a server that is started from binaries has them in `/dev/shm`, in
//! memory, if 4 GB are free. Otherwise, and if `TMPDIR` is set, they are in the temporary directory.
//!
//! # Round trips
//!
//! [`TestDb::proxy`] puts a network with a known latency between the test and its database, and
//! counts how often somebody waited for an answer: see [`Proxy`].

mod conversation;
mod database;
mod error;
mod kept;
mod proxy;
mod server;
mod template;
mod url;

#[cfg(unix)]
mod binaries;
#[cfg(unix)]
mod docker;
#[cfg(unix)]
mod throwaway;

pub use self::{database::TestDb, error::Error, proxy::Proxy, server::Server};
