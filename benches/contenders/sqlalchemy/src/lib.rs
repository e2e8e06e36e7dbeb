//! Python's SQLAlchemy over asyncpg, for the reader who comes from there.
//!
//! A child process does the work (`contender.py`) and measures it: the way to it and back is no part of the time. It is one
//! thread, as Python's programs are; a server would have several of them.

mod environment;
mod python;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;
use workload::{BoxError, Case, Contender, Done, Entry, Loaded, Race};

use crate::python::Python;

/// SQLAlchemy, in a Python of its own.
pub struct SqlAlchemy {
    python: Shared,
}

/// Starts Python, with an environment that is made the first time. `url` begins with `postgresql://`.
///
/// # Errors
///
/// Without `python3`, where the packages cannot be installed, and where the database cannot be reached.
pub async fn connect(url: &str) -> Result<SqlAlchemy, BoxError> {
    let url = url.to_owned();
    let python = spawn_blocking(move || Python::start(&environment::python()?, &url)).await??;
    Ok(SqlAlchemy {
        python: Shared(Arc::new(Mutex::new(python))),
    })
}

impl Contender for SqlAlchemy {
    fn name(&self) -> &'static str {
        "SQLAlchemy + asyncpg"
    }

    fn run(&self, case: Case) -> BoxFuture<'_, Result<Done, BoxError>> {
        let python = self.python.clone();
        Box::pin(async move {
            let work = format!("run {} {}", method(case), case.parents());
            spawn_blocking(move || {
                let took = python.lock().took(&work)?;
                Ok(Box::new(Kept { python, took }) as Done)
            })
            .await?
        })
    }

    fn rate(&self, case: Case, race: Race) -> Option<BoxFuture<'_, Result<f64, BoxError>>> {
        let python = self.python.clone();
        Some(Box::pin(async move {
            let work = format!(
                "race {} {} {} {} {}",
                method(case),
                case.parents(),
                race.tasks,
                race.lead.as_secs_f64(),
                race.window.as_secs_f64()
            );
            spawn_blocking(move || python.lock().per_second(&work)).await?
        }))
    }
}

/// The method of `contender.py` that does this.
fn method(case: Case) -> &'static str {
    match case {
        Case::UsersPosts { .. } => "users_posts",
        Case::UsersPostsComments { .. } => "users_posts_comments",
        Case::PostsAuthor { .. } => "posts_author",
        Case::PostsTags { .. } => "posts_tags",
        Case::PostsAuthorTagsComments { .. } => "posts_author_tags_comments",
        Case::UserByKey { .. } => "user_by_key",
        Case::FlatRows { .. } => "flat_rows",
        Case::Insert { .. } => "insert",
        Case::UsersLatestPosts { .. } => "users_latest_posts",
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Python>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Python> {
        // Each question is whole or an error, whatever the thread came to that asked it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the last run has made. It stays in Python until it is dropped there, or until the next run.
struct Kept {
    python: Shared,
    took: Duration,
}

/// Both panic where Python has died since.
impl Loaded for Kept {
    fn entries(&self) -> Option<Vec<Entry>> {
        Some(self.python.lock().entries().unwrap_or_else(gone))
    }

    fn took(self: Box<Self>) -> Option<Duration> {
        let drop = self.python.lock().took("drop").unwrap_or_else(gone);
        Some(self.took + drop)
    }
}

fn gone<T>(error: BoxError) -> T {
    panic!("what Python has made cannot be reached: {error}")
}
