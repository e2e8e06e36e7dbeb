//! The time for each parent, in tables.

use std::{collections::BTreeSet, fmt::Write};

use workload::Case;

use crate::{
    contenders::Label,
    growth::{CASES, LIMIT_SECONDS, PARENTS},
    results::GrowthResults,
};

/// Between these two numbers of parents everything is large enough, and should grow as the rows do.
const FROM: i64 = 1_000;
const TO: i64 = 100_000;

pub(crate) fn growth(results: &GrowthResults) -> String {
    let mut text = String::from("# How the time grows with the number of rows\n\n");
    text += &results.machine.markdown(false);
    let _ = writeln!(
        text,
        "\nMicroseconds for each parent, by the number of parents: medians on the current-thread runtime, without latency. \
         What grows as the rows do stays the same. Where a cell is empty, a statement took more than {LIMIT_SECONDS} s."
    );
    let labels: BTreeSet<&Label> = results.growth.iter().map(|one| &one.contender).collect();
    for letter in CASES {
        if !results.growth.iter().any(|one| one.case == letter) {
            continue;
        }
        let work = Case::named(letter).map_or_else(String::new, |case| case.to_string());
        // Without the number, which is in the columns.
        let work = work.split_once(' ').map_or("", |(_, work)| work);
        let _ = write!(text, "\n## {letter}: {work}\n\n| |");
        for parents in PARENTS {
            let _ = write!(text, " {parents} |");
        }
        let _ = writeln!(
            text,
            " {TO} : {FROM} |\n|---|{}",
            "--:|".repeat(PARENTS.len() + 1)
        );
        for label in &labels {
            let micros = |parents: i64| {
                let of = results.growth.iter().find(|one| {
                    one.contender == **label && one.case == letter && one.parents == parents
                })?;
                Some(of.time.median / parents as f64)
            };
            let cell =
                |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
            let _ = write!(text, "| {} |", label.name);
            for parents in PARENTS {
                let _ = write!(text, " {} |", cell(micros(parents)));
            }
            let ratio = micros(TO).zip(micros(FROM)).map(|(to, from)| to / from);
            let _ = writeln!(text, " {} |", cell(ratio));
        }
    }
    text
}
