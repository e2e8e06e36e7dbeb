//! Requests per second, in a table.

use std::{collections::BTreeSet, fmt::Write};

use crate::{
    contenders::Label,
    throughput::{CASES, Rate, TASKS},
};

pub(super) fn rates(rates: &[Rate]) -> String {
    if rates.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "## Throughput\n\n\
         Requests per second on the multi-thread runtime without latency: tasks at once over 8 connections. The client shares \
         the cores of this machine with the server, so that what a contender saves is time that the server gets.\n\n| |",
    );
    let columns: Vec<_> = CASES
        .iter()
        .flat_map(|case| TASKS.map(|tasks| (case.name(), tasks)))
        .collect();
    for (case, tasks) in &columns {
        let _ = write!(text, " {case}, {tasks} |");
    }
    let _ = writeln!(text, "\n|---|{}", "--:|".repeat(columns.len()));
    let labels: BTreeSet<&Label> = rates.iter().map(|rate| &rate.contender).collect();
    for label in labels {
        let _ = write!(text, "| {} |", label.name);
        for (case, tasks) in &columns {
            let rate = rates.iter().find(|rate| {
                rate.contender == *label && rate.case == *case && rate.tasks == *tasks
            });
            let _ = match rate {
                Some(rate) => write!(text, " {:.0} |", rate.per_second),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}
