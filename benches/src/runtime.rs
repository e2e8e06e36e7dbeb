//! The two runtimes on which everything is measured.

use std::{fmt, future::Future, io, panic};

use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Flavor {
    /// Everything on one thread, the connection included.
    CurrentThread,
    /// One worker for each core. The work is spawned onto them, as that of a handler in a web server is.
    MultiThread,
}

impl Flavor {
    pub(crate) const ALL: [Self; 2] = [Self::CurrentThread, Self::MultiThread];

    pub(crate) fn runtime(self) -> io::Result<Runtime> {
        match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::MultiThread => Builder::new_multi_thread(),
        }
        .enable_all()
        .build()
    }

    /// Runs a piece of work where it belongs on such a runtime.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self {
            Self::CurrentThread => work.await,
            Self::MultiThread => joined(tokio::spawn(work).await),
        }
    }
}

/// What came of a task, which nobody cancels.
pub(crate) fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    result.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CurrentThread => "current-thread runtime",
            Self::MultiThread => "multi-thread runtime",
        })
    }
}
