//! The time of a piece of work.

use std::{
    error::Error,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use workload::{BoxError, Case, Contender};

use crate::{
    aside::Aside,
    contenders::{Competitor, Label},
    runtime::Flavor,
    statistics::Summary,
};

/// The distance to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Link {
    Direct,
    /// Through the proxy.
    Slowed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) flavor: Flavor,
    pub(crate) link: Link,
    /// Its short name.
    pub(crate) case: String,
    pub(crate) contender: Label,
    pub(crate) time: Summary,
}

/// How many rounds there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    /// Before the first that counts.
    pub(crate) warm_up: usize,
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// No round begins after this, once there are enough.
    pub(crate) budget: Duration,
}

impl Rounds {
    pub(crate) fn within(budget: Duration) -> Self {
        Self {
            // PostgreSQL plans a prepared statement anew the first five times.
            warm_up: 6,
            least: 15,
            most: 1_000,
            budget,
        }
    }
}

/// Has all of them do the work in turns, in another order in each round: what disturbs the machine for a while disturbs
/// all of them.
pub(crate) async fn measure(
    flavor: Flavor,
    aside: &Aside,
    competitors: &[Competitor],
    case: Case,
    rounds: Rounds,
) -> Result<Vec<(Label, Summary)>, BoxError> {
    let offering = competitors.iter().filter(|one| one.contender.offers(case));
    let mut racing: Vec<(&Competitor, Vec<Duration>)> =
        offering.map(|one| (one, Vec::new())).collect();
    let mut began = Instant::now();
    for round in 0.. {
        if round == rounds.warm_up {
            began = Instant::now();
        }
        let counted = round.saturating_sub(rounds.warm_up);
        if counted >= rounds.least && (began.elapsed() >= rounds.budget || counted >= rounds.most) {
            break;
        }
        fastrand::shuffle(&mut racing);
        for (Competitor { label, contender }, times) in &mut racing {
            if let Case::Insert { .. } = case {
                aside.empty_notes().await?;
            }
            let time = flavor.run(timed(Arc::clone(contender), case)).await;
            let time = time.map_err(failed(&label.name, case))?;
            aside.settle().await?;
            if round >= rounds.warm_up {
                times.push(time);
            }
        }
    }
    racing.sort_by_key(|(one, _)| &one.label);
    let summed_up =
        |(one, times): (&Competitor, Vec<Duration>)| (one.label.clone(), Summary::of(&times));
    Ok(racing.into_iter().map(summed_up).collect())
}

/// How long it takes to do the work and to drop what came of it.
///
/// Work that takes less time than it takes the processor to get used to other code is done several times: a server does not change its
/// library for each request. Then it is the mean.
pub(crate) async fn timed(contender: Arc<dyn Contender>, case: Case) -> Result<Duration, BoxError> {
    let times = match case {
        Case::UserByKey { .. } => 10,
        _ => 1,
    };
    let mut sum = Duration::ZERO;
    for _ in 0..times {
        let start = Instant::now();
        let done = black_box(contender.run(case).await?);
        let took = done.took();
        let elapsed = start.elapsed();
        sum += took.unwrap_or(elapsed);
    }
    Ok(sum / times)
}

/// Says whose error it is, and everything that it is about.
pub(crate) fn failed(name: &str, case: Case) -> impl FnOnce(BoxError) -> BoxError {
    move |error| {
        let mut message = format!("{name}, {case}: {error}");
        let mut error: &dyn Error = &*error;
        while let Some(source) = error.source() {
            message += &format!(": {source}");
            error = source;
        }
        message.into()
    }
}
