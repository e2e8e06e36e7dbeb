use std::{error, fmt, io};

/// Why there is no server, no database or no connection.
///
/// `Debug` prints the same text as `Display`, because that is what a failing test shows.
#[non_exhaustive]
pub enum Error {
    /// There is neither a `DATABASE_URL` nor any means to start a server.
    NoServer,
    /// The server that `DATABASE_URL` names cannot be used.
    DatabaseUrl(tokio_postgres::Error),
    /// The role in `DATABASE_URL` may not create databases.
    MayNotCreateDatabases {
        /// The role.
        role: String,
    },
    /// A server was found on this machine, but did not start.
    Start {
        /// What was started.
        server: String,
        /// The end of its log.
        log: String,
    },
    /// Files, sockets or processes of a private server.
    Io {
        /// What was being done.
        doing: String,
        /// The error.
        source: io::Error,
    },
    /// The server refused a statement or a connection.
    Postgres {
        /// What was being done.
        doing: String,
        /// The error.
        source: tokio_postgres::Error,
    },
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    pub(crate) fn postgres(doing: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let doing = doing.into();
        |source| Self::Postgres { doing, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer => f.write_str(
                "no PostgreSQL to test with. One of these is enough:\n\
                 - set DATABASE_URL=postgres://user:password@host/database (a role with CREATEDB);\n\
                 - install the PostgreSQL server (Debian, Ubuntu: apt-get install postgresql; \
                 macOS: brew install postgresql): it is started and removed as needed;\n\
                 - start Docker: a container is started and removed as needed",
            ),
            Self::DatabaseUrl(source) => {
                f.write_str("DATABASE_URL cannot be used: ")?;
                write_chain(f, source)
            }
            Self::MayNotCreateDatabases { role } => write!(
                f,
                "each test has a database of its own, but the role of DATABASE_URL may not create any: \
                 ALTER ROLE {role} CREATEDB"
            ),
            Self::Start { server, log } => write!(f, "{server} did not start:\n{log}"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::Postgres { doing, source } => {
                write!(f, "{doing}: ")?;
                write_chain(f, source)
            }
        }
    }
}

/// tokio-postgres' own text is no more than "db error": what happened is in its sources.
fn write_chain(f: &mut fmt::Formatter<'_>, error: &tokio_postgres::Error) -> fmt::Result {
    write!(f, "{error}")?;
    let mut source = error::Error::source(error);
    while let Some(error) = source {
        write!(f, ": {error}")?;
        source = error.source();
    }
    Ok(())
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// The texts above include their sources, so `source` does not repeat them.
impl error::Error for Error {}
