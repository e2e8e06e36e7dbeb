//! Who does the work.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::{Case, Entry};

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A library, used as its documentation advises, with a pool of 8 connections.
///
/// Each piece of work takes a connection of the pool and gives it back, as the handler of a request does.
pub trait Contender: Send + Sync {
    fn name(&self) -> &'static str;

    /// Whether the library has a way of doing this.
    fn offers(&self, _case: Case) -> bool {
        true
    }

    /// Does a piece of work once.
    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>>;

    /// How often it does a piece of work in a second, where it has to be counted elsewhere than around [`run`](Self::run).
    fn rate(&self, _case: Case, _race: Race) -> Option<BoxFuture<'_, Result<f64, BoxError>>> {
        None
    }
}

/// So many tasks that do the same over and over.
#[derive(Debug, Clone, Copy)]
pub struct Race {
    pub tasks: usize,
    /// What comes before the window is not counted.
    pub lead: Duration,
    pub window: Duration,
}

/// What a contender has made, still in its own types.
pub type Done = Box<dyn Loaded>;

/// Something that can be compared with what others have made.
pub trait Loaded: Send {
    /// `None` of a contender that throws away what it receives.
    fn entries(&self) -> Option<Vec<Entry>>;

    /// Drops it. The time of the work and of the dropping, where it was measured elsewhere than around the two calls.
    fn took(self: Box<Self>) -> Option<Duration> {
        None
    }
}

/// What was loaded, and how each element of it is told in the common form. Telling it is no part of the work.
pub fn done<T: Send + 'static>(loaded: Vec<T>, entry: fn(&T) -> Entry) -> Done {
    struct List<T>(Vec<T>, fn(&T) -> Entry);

    impl<T: Send> Loaded for List<T> {
        fn entries(&self) -> Option<Vec<Entry>> {
            Some(self.0.iter().map(self.1).collect())
        }
    }

    Box::new(List(loaded, entry))
}
