//! What is done at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, MaybeDone};

use crate::error::Result;

/// Statements that are sent together, and what is done with their results. Each leaves what it finds where it was told.
///
/// All have the same type, so that running them is compiled once, not for each query.
#[derive(Default)]
pub struct Tasks<'a>(Vec<MaybeDone<BoxFuture<'a, Result<()>>>>);

impl<'a> Tasks<'a> {
    pub(super) fn push(&mut self, task: impl Future<Output = Result<()>> + Send + 'a) {
        self.0.push(MaybeDone::Future(Box::pin(task)));
    }

    /// Does all of them, also if one fails: a result that is not read to its end would cost the connection.
    pub(crate) async fn finish(mut self) -> Result<()> {
        poll_fn(|context| self.poll(context)).await;
        let mut done = self.0.iter_mut().map(Pin::new);
        done.try_for_each(|task| task.take_output().unwrap_or(Ok(())))
    }

    /// Polls each that is not done, in their order. When it has been called once, all statements are sent: what is sent after that comes
    /// after them. `join_all` does not promise it of more than 30 futures.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut all = Poll::Ready(());
        for task in &mut self.0 {
            if Pin::new(task).poll(context).is_pending() {
                all = Poll::Pending;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::error::Error;

    #[test]
    fn all_are_begun_before_any_is_waited_for() {
        let begun = AtomicUsize::new(0);
        let mut tasks = Tasks::default();
        for number in 0..100 {
            let mut polls = 0;
            let begun = &begun;
            tasks.push(poll_fn(move |context| {
                if polls == 0 {
                    assert_eq!(begun.fetch_add(1, Ordering::Relaxed), number);
                }
                polls += 1;
                // As one whose answer is there already.
                context.waker().wake_by_ref();
                match polls {
                    1 => Poll::Pending,
                    _ => Poll::Ready(Ok(())),
                }
            }));
        }
        let mut finish = Box::pin(tasks.finish());
        assert!((&mut finish).now_or_never().is_none());
        assert_eq!(begun.load(Ordering::Relaxed), 100);
        assert!(matches!(finish.now_or_never(), Some(Ok(()))));
    }

    #[test]
    fn the_first_error_counts_and_all_are_done() {
        let done = AtomicUsize::new(0);
        let mut tasks = Tasks::default();
        for error in [None, Some(Error::PoolTimeout), Some(Error::Aborted), None] {
            let done = &done;
            tasks.push(async move {
                done.fetch_add(1, Ordering::Relaxed);
                error.map_or(Ok(()), Err)
            });
        }
        let finished = tasks.finish().now_or_never();
        assert!(matches!(finished, Some(Err(Error::PoolTimeout))));
        assert_eq!(done.load(Ordering::Relaxed), 4);
    }
}
