//! How the time grows with the number of rows.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio_postgres::NoTls;
use workload::{BoxError, Case};

use crate::{
    aside::Aside,
    check::check,
    contenders::{Competitor, Label},
    measure::{Rounds, failed, measure as measure_case, timed},
    runtime::Flavor,
    statistics::Summary,
};

/// How many parents are loaded.
pub(crate) const PARENTS: [i64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

/// No statement may take longer.
pub(crate) const LIMIT_SECONDS: u32 = 60;

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
        let mut competitors = competitors.to_vec();
        for parents in PARENTS {
            let case = case.of(parents);
            let large = parents > 1_000;
            if large {
                competitors = in_time(flavor, competitors, case).await?;
            } else {
                check(flavor, aside, &competitors, case).await?;
            }
            let rounds = Rounds {
                // Who has been found to be in time is warm.
                warm_up: if large { 0 } else { 6 },
                least: if large { 3 } else { 15 },
                ..Rounds::within(budget)
            };
            let times = measure_case(flavor, aside, &competitors, case, rounds).await?;
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

/// Has each of them do it once. Leaves out those for whom the server has ended a statement.
async fn in_time(
    flavor: Flavor,
    competitors: Vec<Competitor>,
    case: Case,
) -> Result<Vec<Competitor>, BoxError> {
    let mut in_time = Vec::new();
    for one in competitors {
        match flavor.run(timed(Arc::clone(&one.contender), case)).await {
            Ok(_) => in_time.push(one),
            Err(error) => {
                let error = failed(&one.label.name, case)(error);
                if !error.to_string().contains("statement timeout") {
                    return Err(error);
                }
                eprintln!("benches: {error}");
            }
        }
    }
    Ok(in_time)
}

/// Has the server end, in connections from now on, what shows no sign of ending.
pub(crate) async fn limit_statements(url: &str) -> Result<(), BoxError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let milliseconds = LIMIT_SECONDS * 1_000;
    let sql = format!(
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET statement_timeout = %s', current_database(), {milliseconds});
         END $$"
    );
    Ok(client.batch_execute(&sql).await?)
}
