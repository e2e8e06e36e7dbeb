//! What the results say.

mod goals;
mod growth;
mod peers;
mod plot;
mod table;
mod throughput;

pub(crate) use self::{growth::growth, plot::plot};

use std::fmt::Write;

use workload::Case;

use crate::{measure::Link, results::Results};

/// In Markdown.
pub(crate) struct Report {
    summary: String,
    details: String,
}

impl Report {
    pub(crate) fn of(results: &Results) -> Self {
        let sections = [
            "# unlazy next to others\n".to_owned(),
            method(results),
            "![Time next to hand-written code](plot.svg)\n".to_owned(),
            cases(&results.cases()),
            table::ratios(results),
            throughput::rates(&results.throughput),
            goals::reached(results),
            peers::ahead(results),
        ];
        let sections = sections.into_iter().filter(|section| !section.is_empty());
        Self {
            summary: sections.collect::<Vec<_>>().join("\n"),
            details: table::details(results),
        }
    }

    /// All but the long table.
    pub(crate) fn summary(&self) -> &str {
        &self.summary
    }

    pub(crate) fn whole(&self) -> String {
        format!("{}\n{}", self.summary, self.details)
    }
}

fn method(results: &Results) -> String {
    let direct = results.round_trip.median / 1e3;
    let slowed = results.slowed_round_trip.median / 1e3;
    let distance = results.distance(Link::Slowed);
    format!(
        "{}- An empty query takes {direct:.3} ms; through the proxy, {distance}, {slowed:.3} ms.\n\n\
         A time is that of the work and of dropping its result, from taking a connection of the pool to giving it back. All \
         contenders work in turns, in another order in each round, and each has to have made the same as the hand-written \
         code. A turn of f is ten times the work, and the time their mean. Ratios are of medians, to `tokio-postgres naive` in the same table.\n",
        results.machine.markdown(results.apart)
    )
}

fn cases(cases: &[Case]) -> String {
    let mut text = String::from("| case | work |\n|---|---|\n");
    for case in cases {
        // Writing to a `String` cannot fail, here and in all that is below.
        let _ = writeln!(text, "| {} | {case} |", case.name());
    }
    text
}
