//! Requests per second: many tasks at once over the eight connections of a pool.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use workload::{BoxError, Case, Contender, Race};

use crate::{
    contenders::{Competitor, Label},
    measure::failed,
    runtime::joined,
    statistics::median,
};

/// How many tasks there are at once.
pub(crate) const TASKS: [usize; 3] = [1, 8, 64];

pub(crate) const CASES: [Case; 2] = [
    Case::PostsAuthorTagsComments { posts: 100 },
    Case::UserByKey { id: 500 },
];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) case: String,
    pub(crate) tasks: usize,
    pub(crate) contender: Label,
    /// The median of the windows.
    pub(crate) per_second: f64,
}

/// The windows of the contenders take turns, in another order each time.
pub(crate) async fn measure(
    competitors: Vec<Competitor>,
    windows: usize,
    window: Duration,
    say: fn(&Rate) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    for case in CASES {
        for tasks in TASKS {
            let mut racing = competitors.clone();
            racing.retain(|one| one.contender.offers(case));
            let mut rates = BTreeMap::<Label, Vec<f64>>::new();
            for _ in 0..windows {
                fastrand::shuffle(&mut racing);
                for Competitor { label, contender } in &racing {
                    let race = Race {
                        tasks,
                        lead: window / 4,
                        window,
                    };
                    let rate = match contender.rate(case, race) {
                        Some(rate) => rate.await,
                        None => rate(contender, case, race).await,
                    };
                    let rate = rate.map_err(failed(&label.name, case))?;
                    rates.entry(label.clone()).or_default().push(rate);
                }
            }
            eprintln!("benches: throughput of {} with {tasks} tasks", case.name());
            for (contender, rates) in rates {
                say(&Rate {
                    case: case.name(),
                    tasks,
                    contender,
                    per_second: median(&rates),
                })?;
            }
        }
    }
    Ok(())
}

/// How much is done in the window, which begins when all tasks have been at it for a while.
async fn rate(contender: &Arc<dyn Contender>, case: Case, race: Race) -> Result<f64, BoxError> {
    let from = Instant::now() + race.lead;
    let to = from + race.window;
    let tasks: Vec<_> = (0..race.tasks)
        .map(|_| {
            let contender = Arc::clone(contender);
            tokio::spawn(async move {
                let mut counted = 0;
                loop {
                    drop(contender.run(case).await?);
                    let now = Instant::now();
                    if now >= to {
                        return Ok::<usize, BoxError>(counted);
                    }
                    counted += usize::from(now >= from);
                }
            })
        })
        .collect();
    let mut all = 0;
    for task in tasks {
        all += joined(task.await)?;
    }
    Ok(all as f64 / race.window.as_secs_f64())
}
