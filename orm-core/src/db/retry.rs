//! Transactions that are run again when they conflict with others.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::db::transaction::OpenTransaction;
use crate::db::{Db, Transaction, TransactionOptions};
use crate::error::{Error, Result};

/// How often, and after which delays, a transaction is run that conflicts with others: see [`Db::transaction_retrying`].
///
/// ```
/// # use unlazy::{Isolation, Retry, TransactionOptions};
/// let serializable = TransactionOptions::new().isolation(Isolation::Serializable);
/// let retry = Retry::from(serializable).attempts(5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    options: TransactionOptions,
    attempts: u32,
    first_delay: Duration,
    longest_delay: Duration,
}

impl Retry {
    /// At most 10 attempts. Before the second there is a delay of at most 10 ms, before each one after it of at most twice as
    /// much, and never of more than a second.
    pub fn new() -> Self {
        Self {
            options: TransactionOptions::new(),
            attempts: 10,
            first_delay: Duration::from_millis(10),
            longest_delay: Duration::from_secs(1),
        }
    }

    /// How often the transaction is run at most, the first time included. It is run once in any case.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The longest delay before the second attempt, which doubles with each one, and the longest of all.
    ///
    /// Each delay is a random part of that, from nothing to all of it, so that transactions that have met once do not meet
    /// again.
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        Self {
            first_delay: first,
            longest_delay: longest,
            ..self
        }
    }

    /// The longest delay after so many attempts.
    fn longest_delay(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.first_delay
            .saturating_mul(doubled)
            .min(self.longest_delay)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl From<TransactionOptions> for Retry {
    /// [`Retry::new`] for transactions that are begun so.
    fn from(options: TransactionOptions) -> Self {
        Self {
            options,
            ..Self::new()
        }
    }
}

impl Db {
    /// [`transaction`](Self::transaction) that is run again, after a delay, if it conflicts with another one: for
    /// [serialization failures](Error::SerializationFailure) and [deadlocks](Error::Deadlock), of its statements and of the
    /// `COMMIT`.
    ///
    /// ```no_run
    /// # use unlazy::{Db, Entity, Error, Isolation, TransactionOptions};
    /// # #[derive(Entity)]
    /// # #[entity(table = "doctors")]
    /// # struct Doctor { #[entity(primary_key)] id: i64, on_call: bool }
    /// # async fn example(db: Db, id: i64) -> unlazy::Result<()> {
    /// let serializable = TransactionOptions::new().isolation(Isolation::Serializable);
    /// let went = db.transaction_retrying(serializable, |tx| async move {
    ///     let on_call = Doctor::query().filter(Doctor::ON_CALL.eq(true)).count(&tx).await?;
    ///     if on_call < 2 {
    ///         return Ok(false); // somebody has to stay
    ///     }
    ///     Doctor::update().filter(Doctor::ID.eq(id)).set(Doctor::ON_CALL, false).execute(&tx).await?;
    ///     Ok::<_, Error>(true)
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// **The function runs more than once**, each time in a transaction of its own, on a connection of its own. What else it
    /// does, such as sending a mail or counting up a variable, is not undone: do that with what it returns.
    ///
    /// It gets the transaction by value, so that it can be an ordinary closure: `|tx| async move { .. }`, or
    /// `|mut tx| async move { .. }` for savepoints. What it captures, it must be able to give away each time: borrow it, or
    /// clone it before `async move`.
    ///
    /// A conflict counts as one whatever error the function makes of it. One within a savepoint does not, if the
    /// function went on and the next statement succeeded. Nothing else is run again. In particular, a connection that is lost during
    /// the `COMMIT` is an [`Error::Connection`]: whether it was committed is not known.
    ///
    /// The delays need the timers of Tokio's runtime. Meanwhile the connection is back in the pool.
    ///
    /// # Errors
    ///
    /// As [`transaction`](Self::transaction). When the attempts are used up, those of the last one.
    pub async fn transaction_retrying<T, E, F>(
        &self,
        retry: impl Into<Retry>,
        mut work: impl FnMut(Transaction) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let retry = retry.into();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let open = OpenTransaction::on(self, retry.options).await?;
            let done = work(open.handle()).await;
            match open.end(done).await {
                (_, true) if attempts < retry.attempts => {}
                (outcome, _) => return outcome,
            }
            wait(retry.longest_delay(attempts), attempts).await;
        }
    }
}

async fn wait(at_most: Duration, attempts: u32) {
    let delay = part_of(at_most, RandomState::new().hash_one(attempts));
    tracing::debug!(
        target: "unlazy",
        attempts,
        delay_ms = delay.as_millis() as u64,
        "a transaction conflicts with another one: running it again",
    );
    tokio::time::sleep(delay).await;
}

/// From nothing to all of it.
fn part_of(whole: Duration, random: u64) -> Duration {
    whole.mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let ms = Duration::from_millis;
        let retry = Retry::new().backoff(ms(10), ms(100));
        let delays = [1, 2, 3, 4, 5, 100, u32::MAX].map(|attempts| retry.longest_delay(attempts));
        assert_eq!(delays, [10, 20, 40, 80, 100, 100, 100].map(ms));
        let endless = retry.backoff(Duration::MAX, Duration::MAX);
        assert_eq!(endless.longest_delay(u32::MAX), Duration::MAX);
    }

    #[test]
    fn a_delay_is_any_part_of_the_longest() {
        let second = Duration::from_secs(1);
        assert_eq!(part_of(second, 0), Duration::ZERO);
        assert_eq!(part_of(second, u64::MAX), second);
        assert_eq!(part_of(second, 1 << 63), second / 2);
        assert_eq!(part_of(Duration::ZERO, u64::MAX), Duration::ZERO);
    }
}
