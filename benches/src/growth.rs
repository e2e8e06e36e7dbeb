//! How the time grows with the number of rows.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use workload::{BoxError, Case};

use crate::{
    aside::Aside,
    check::check,
    contenders::{Competitor, Label},
    measure::{Rounds, measure as measure_case},
    runtime::Flavor,
    statistics::Summary,
};

/// How many parents are loaded.
pub(crate) const PARENTS: [i64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

/// Who takes part unless others are named: who has to show that nothing grows faster than the rows.
pub(crate) const CONTENDERS: [&str; 4] = [
    "tokio-postgres naive",
    "tokio-postgres tuned",
    "unlazy",
    "unlazy pipelined",
];

/// The cases that load relations.
pub(crate) const CASES: [&str; 5] = ["a", "b", "c", "d", "e"];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// Its letter.
    pub(crate) case: String,
    pub(crate) parents: i64,
    pub(crate) contender: Label,
    pub(crate) time: Summary,
}

pub(crate) async fn measure(
    flavor: Flavor,
    aside: &Aside,
    competitors: &[Competitor],
    cases: Vec<Case>,
    budget: Duration,
    say: fn(&Growth) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    for case in cases {
        let letter = case.name();
        for parents in PARENTS {
            let case = case.of(parents);
            let large = parents > 1_000;
            if !large {
                check(flavor, aside, competitors, case).await?;
            }
            let rounds = Rounds {
                warm_up: if large { 1 } else { 6 },
                least: if large { 3 } else { 15 },
                ..Rounds::within(budget)
            };
            let times = measure_case(flavor, aside, competitors, case, rounds).await?;
            eprintln!("benches: growth: {case}");
            for (contender, time) in times {
                say(&Growth {
                    case: letter.clone(),
                    parents,
                    contender,
                    time,
                })?;
            }
        }
    }
    Ok(())
}
