//! A job queue: workers claim jobs, run them, retry the ones that fail, and give up on those that fail too often.
//!
//! A job is claimed by a row lock that is held, with its transaction, for as long as the job runs. So:
//!
//! - Nobody waits: `SKIP LOCKED` gives each worker a job that no other has.
//! - A worker that dies lets go of its job, and of whatever the job wrote, when the server notices that the connection is gone: at
//!   once between statements, otherwise after the one that runs. There is no lease that ends while a slow worker is still at it.
//! - What a job writes through `tx` is committed together with the fact that it is done: exactly once. What it does elsewhere,
//!   such as sending a mail, is done again if the worker dies before the commit.
//!
//! It is right for jobs of some seconds. Each running job has a connection, so the pool must be as large as the number of workers, and
//! its transaction keeps VACUUM from removing rows that have died since, everywhere in the database. For jobs of minutes, claim with
//! a lease in a transaction of its own (`locked_until`), and let the end of the job check that it still has it.
//!
//! A job that returns an error waits longer after each attempt. One whose worker dies or panics has not counted as an
//! attempt and begins anew, so catch panics in `run` if jobs can have them.

use std::time::{Duration, SystemTime};

use orm_test::TestDb;
use unlazy::{Db, Entity, Query, Transaction, Value, sql};

#[derive(Value, Debug, Clone, Copy, PartialEq)]
pub enum JobState {
    Queued,
    Done,
    /// Failed too often. Someone has to look at `last_error`.
    Dead,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "jobs")]
pub struct Job {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub payload: String,
    #[entity(default)]
    pub state: JobState,
    #[entity(default)]
    pub attempts: i32,
    #[entity(default)]
    pub run_at: SystemTime,
    #[entity(default)]
    pub last_error: Option<String>,
}

pub const SCHEMA: &str = "
    CREATE TYPE job_state AS ENUM ('queued', 'done', 'dead');
    CREATE TABLE jobs (
        id bigserial PRIMARY KEY,
        payload text NOT NULL,
        state job_state NOT NULL DEFAULT 'queued',
        attempts int NOT NULL DEFAULT 0,
        run_at timestamptz NOT NULL DEFAULT now(),
        last_error text);
    CREATE INDEX jobs_in_order ON jobs (state, run_at, id);
    CREATE TABLE mails (id bigserial PRIMARY KEY, job_id bigint NOT NULL REFERENCES jobs, text text NOT NULL);
";

pub const MAX_ATTEMPTS: i32 = 3;
/// The seconds that a job waits after its first failure; twice as long after each further one. A demo is in a hurry.
const RETRY_AFTER: f64 = 0.05;

pub type JobResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub fn queued() -> Query<Job> {
    Job::query().filter(Job::STATE.eq(JobState::Queued))
}

/// Claims the next job, runs it, and records how it ended, all in one transaction. Returns whether there was a job.
pub async fn run_next(
    db: &Db,
    run: impl AsyncFnOnce(&Job, &mut Transaction) -> JobResult,
) -> unlazy::Result<bool> {
    db.transaction(async |tx| {
        let next = queued()
            .filter(sql!("$1 <= now()", Job::RUN_AT))
            .order_by(Job::RUN_AT);
        let Some(job) = next.for_update().skip_locked().first(tx).await? else {
            return Ok(false);
        };
        let attempts = job.attempts + 1;
        let end = Job::update().of(&job).set(Job::ATTEMPTS, attempts);
        // A job that fails leaves nothing but its error: the savepoint undoes the rest.
        let end = match tx.savepoint(async |sp| run(&job, sp).await).await {
            Ok(()) => end.set(Job::STATE, JobState::Done),
            Err(error) => {
                let end = end.set(Job::LAST_ERROR, error.to_string());
                if attempts < MAX_ATTEMPTS {
                    let delay = RETRY_AFTER * f64::from(1 << job.attempts);
                    end.set(
                        Job::RUN_AT,
                        sql!("clock_timestamp() + $1 * interval '1 s'", delay),
                    )
                } else {
                    end.set(Job::STATE, JobState::Dead)
                }
            }
        };
        end.execute(tx).await?;
        Ok(true)
    })
    .await
}

/// Runs jobs until it is aborted, which is safe at any time.
async fn worker(db: Db) -> unlazy::Result<()> {
    loop {
        match run_next(&db, send_mail).await {
            Ok(true) => continue,
            Ok(false) => {}
            // For example the connection was lost. The job is free again.
            Err(error) if error.is_retryable() => eprintln!("a worker goes on after: {error}"),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a job does here.
async fn send_mail(job: &Job, tx: &mut Transaction) -> JobResult {
    let mail = NewMail {
        job_id: job.id,
        text: format!("Dear {}", job.payload),
    };
    Mail::insert(mail).execute(tx).await?;
    match job.payload.as_str() {
        "nobody" => Err("there is no such person".into()),
        "ann" if job.attempts < 2 => Err("the mailbox is full".into()),
        _ => Ok(()),
    }
}

#[derive(Entity, Debug)]
#[entity(table = "mails")]
pub struct Mail {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub job_id: i64,
    pub text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;
    let jobs = ["ann", "nobody", "ben", "cleo"].map(|name| NewJob {
        payload: name.to_owned(),
    });
    Job::insert_many(jobs).execute(&db).await?;

    let workers = [(); 3].map(|()| tokio::spawn(worker(db.clone())));
    while queued().exists(&db).await? {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for worker in &workers {
        worker.abort();
    }

    for job in Job::query().all(&db).await? {
        let error = job.last_error.map(|error| format!(", last: {error}"));
        println!(
            "{}: {:?} after {} attempts{}",
            job.payload,
            job.state,
            job.attempts,
            error.unwrap_or_default()
        );
    }
    println!("{} mails", Mail::query().count(&db).await?);
    Ok(())
}
