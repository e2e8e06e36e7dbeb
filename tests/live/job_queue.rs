//! The job queue of the examples, under load.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use unlazy::{Db, Transaction, execute, sql};

use crate::fixture::*;

#[path = "../../examples/job_queue.rs"]
#[allow(dead_code, unreachable_pub)]
mod example;

use example::{Job, JobResult, JobState, MAX_ATTEMPTS, Mail, NewJob, NewMail};

/// What happens to a job, by its number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Succeeds,
    FailsAlways,
    FailsButForTheLastTime,
    /// The first worker that has it is dropped while it waits for something else than the database.
    LosesItsWorker,
    /// The first worker that has it is dropped while a statement runs.
    LosesItsWorkerInAStatement,
}

impl Fate {
    fn of(job: i64) -> Self {
        match job % 20 {
            3 | 13 => Self::FailsAlways,
            5 | 15 => Self::FailsButForTheLastTime,
            7 => Self::LosesItsWorker,
            17 => Self::LosesItsWorkerInAStatement,
            _ => Self::Succeeds,
        }
    }

    fn runs(self) -> i32 {
        match self {
            Self::Succeeds => 1,
            Self::LosesItsWorker | Self::LosesItsWorkerInAStatement => 2,
            Self::FailsAlways | Self::FailsButForTheLastTime => MAX_ATTEMPTS,
        }
    }

    fn attempts(self) -> i32 {
        match self {
            Self::FailsAlways | Self::FailsButForTheLastTime => MAX_ATTEMPTS,
            _ => 1,
        }
    }
}

type Runs = Arc<Mutex<HashMap<i64, i32>>>;

async fn run(job: &Job, tx: &mut Transaction, runs: &Runs, drop_me: &Notify) -> JobResult {
    let run = {
        let mut runs = runs.lock().unwrap();
        let run = runs.entry(job.id).or_default();
        *run += 1;
        *run
    };
    let text = job.payload.clone();
    let mail = NewMail {
        job_id: job.id,
        text,
    };
    Mail::insert(mail).execute(tx).await?;
    match Fate::of(job.id) {
        Fate::FailsAlways => Err("never".into()),
        Fate::FailsButForTheLastTime if run < MAX_ATTEMPTS => Err("not yet".into()),
        Fate::LosesItsWorker if run == 1 => {
            drop_me.notify_one();
            pending().await
        }
        Fate::LosesItsWorkerInAStatement if run == 1 => {
            drop_me.notify_one();
            execute(sql!("SELECT pg_sleep(0.05)"), tx).await?;
            unreachable!("it was not dropped")
        }
        _ => Ok(()),
    }
}

/// Works until no job is queued.
async fn work(db: Db, runs: Runs) {
    loop {
        let drop_me = Notify::new();
        let next = example::run_next(&db, async |job, tx| run(job, tx, &runs, &drop_me).await);
        let found = tokio::select! {
            biased;
            found = next => found.unwrap(),
            () = drop_me.notified() => true,
        };
        if !found && !example::queued().exists(&db).await.unwrap() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_job_ends_once_whatever_happens_to_its_workers() {
    const JOBS: i64 = 300;
    let (test, _, _) = database(example::SCHEMA).await;
    let db = connect(&with_parameter(&test.url(), "max_connections=8"));
    let jobs = (1..=JOBS).map(|job| NewJob {
        payload: job.to_string(),
    });
    Job::insert_many(jobs).execute(&db).await.unwrap();

    let runs = Runs::default();
    let workers = [(); 8].map(|()| tokio::spawn(work(db.clone(), runs.clone())));
    for worker in workers {
        worker.await.unwrap();
    }

    let jobs = Job::query().all(&db).await.unwrap();
    assert_eq!(jobs.len() as i64, JOBS);
    let runs = runs.lock().unwrap().clone();
    for job in &jobs {
        let fate = Fate::of(job.id);
        let state = match fate {
            Fate::FailsAlways => JobState::Dead,
            _ => JobState::Done,
        };
        assert_eq!(
            (job.state, job.attempts),
            (state, fate.attempts()),
            "{job:?}"
        );
        assert_eq!(runs[&job.id], fate.runs(), "{job:?}");
    }
    // What a job wrote is there once if it succeeded, and not at all if it did not.
    let mails = Mail::query().order_by(Mail::JOB_ID).all(&db).await.unwrap();
    let mails: Vec<i64> = mails.iter().map(|mail| mail.job_id).collect();
    let done = jobs.iter().filter(|job| job.state == JobState::Done);
    assert_eq!(mails, done.map(|job| job.id).collect::<Vec<_>>());
    assert_eq!(mails.len(), 270);
}
