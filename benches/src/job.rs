//! What is measured is measured in a process of its own: this program, called by itself.
//!
//! It reads nothing but its argument, and writes each result as a line of JSON.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use workload::{BoxError, Case};

use crate::{
    aside::Aside,
    check::check,
    contenders::connect,
    cores::Apart,
    growth,
    measure::{Link, Measurement, Rounds, measure},
    runtime::Flavor,
    throughput,
};

/// The argument that precedes a job.
pub(crate) const ARGUMENT: &str = "--job";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) flavor: Flavor,
    /// Short names.
    pub(crate) cases: Vec<String>,
    /// Names; none are all.
    pub(crate) contenders: Vec<String>,
    /// Of the database, without latency.
    pub(crate) url: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Says nothing, unless something is wrong.
    Check,
    /// Says a [`Measurement`] for each case, distance and contender.
    Measure {
        /// The URL of the same database, at a distance.
        slowed: String,
        budget: Duration,
    },
    /// Says a [`Rate`](throughput::Rate) for each case, number of tasks and contender.
    Throughput { windows: usize, window: Duration },
    /// Says a [`Growth`](growth::Growth) for each case, number of parents and contender.
    Grow { budget: Duration },
}

impl Job {
    /// Has it done by a process of its own, and waits for that.
    pub(crate) fn delegate<T: DeserializeOwned>(
        &self,
        apart: Option<&Apart<'_>>,
    ) -> Result<Vec<T>, BoxError> {
        let program = env::current_exe()?.into_os_string();
        let mut command = match apart {
            Some(apart) => apart.client(&program),
            None => Command::new(program),
        };
        let mut child = command
            .args([ARGUMENT, &serde_json::to_string(self)?])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().ok_or("the child has no stdout")?;
        let results = BufReader::new(said).lines().map(|line| {
            let line = line?;
            Ok(serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?)
        });
        let results: Result<Vec<T>, BoxError> = results.collect();
        let status = child.wait()?;
        if !status.success() {
            // What it was has been said by the child itself.
            return Err(format!("no results: {status}").into());
        }
        results
    }

    /// Does it, in the process of its own.
    pub(crate) fn work(&self) -> Result<(), BoxError> {
        self.flavor.runtime()?.block_on(async {
            match &self.task {
                Task::Check => self.check().await,
                Task::Measure { slowed, budget } => self.measure(slowed, *budget).await,
                Task::Throughput { windows, window } => {
                    let competitors = connect(&self.url, &self.contenders).await?;
                    throughput::measure(competitors, *windows, *window, say).await
                }
                Task::Grow { budget } => {
                    let competitors = connect(&self.url, &self.contenders).await?;
                    let aside = Aside::connect(&self.url).await?;
                    growth::measure(
                        self.flavor,
                        &aside,
                        &competitors,
                        self.cases()?,
                        *budget,
                        say,
                    )
                    .await
                }
            }
        })
    }

    async fn check(&self) -> Result<(), BoxError> {
        let aside = Aside::connect(&self.url).await?;
        let competitors = connect(&self.url, &self.contenders).await?;
        for case in self.cases()? {
            check(self.flavor, &aside, &competitors, case).await?;
        }
        let (flavor, count) = (self.flavor, competitors.len());
        eprintln!("benches: {flavor}: {count} contenders agree");
        Ok(())
    }

    async fn measure(&self, slowed: &str, budget: Duration) -> Result<(), BoxError> {
        let mut links = Vec::new();
        for (link, url) in [(Link::Direct, self.url.as_str()), (Link::Slowed, slowed)] {
            let aside = Aside::connect(url).await?;
            links.push((link, aside, connect(url, &self.contenders).await?));
        }
        let flavor = self.flavor;
        for case in self.cases()? {
            for (link, aside, competitors) in &links {
                let began = Instant::now();
                check(flavor, aside, competitors, case).await?;
                let rounds = Rounds::within(budget);
                let times = measure(flavor, aside, competitors, case, rounds).await?;
                let counted = times.first().map_or(0, |(_, time)| time.rounds);
                let seconds = began.elapsed().as_secs_f64();
                eprintln!(
                    "benches: {flavor}, {link:?}, {}: {counted} rounds in {seconds:.1} s",
                    case.name()
                );
                for (contender, time) in times {
                    say(&Measurement {
                        flavor,
                        link: *link,
                        case: case.name(),
                        contender,
                        time,
                    })?;
                }
            }
        }
        Ok(())
    }

    fn cases(&self) -> Result<Vec<Case>, BoxError> {
        let named = |name: &String| {
            let case = Case::named(name);
            case.ok_or_else(|| format!("there is no case {name:?}").into())
        };
        self.cases.iter().map(named).collect()
    }
}

fn say<T: Serialize>(result: &T) -> Result<(), BoxError> {
    println!("{}", serde_json::to_string(result)?);
    Ok(())
}
