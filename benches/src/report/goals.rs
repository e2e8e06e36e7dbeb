//! How fast unlazy is to be, next to naive hand-written code.

use std::fmt::Write;

use workload::Case;

use crate::{
    contenders::Kind,
    measure::Link,
    results::{Results, Setting},
    runtime::Flavor,
};

/// The ratios that its best strategy is to reach on the current-thread runtime: without latency, and 1 ms away each way.
const GOALS: [(&str, f64, Option<f64>); 9] = [
    ("a", 0.75, Some(0.60)),
    ("b", 0.80, Some(0.75)),
    ("b20", 0.75, Some(0.42)),
    ("c", 0.58, None),
    ("d", 0.86, None),
    ("e", 0.74, Some(0.34)),
    ("f", 1.0, Some(1.0)),
    ("g", 0.70, None),
    ("h", 0.81, None),
];

const DIRECT: Setting = (Flavor::CurrentThread, Link::Direct);
const SLOWED: Setting = (Flavor::CurrentThread, Link::Slowed);

pub(super) fn reached(results: &Results) -> String {
    let mut text = String::from(
        "## Goals\n\n\
         The best strategy of unlazy on the current-thread runtime.\n\n\
         | case | distance | strategy | ratio | goal | |\n|---|---|---|--:|--:|---|\n",
    );
    let goals = GOALS
        .into_iter()
        .flat_map(|(name, direct, slowed)| [(name, DIRECT, Some(direct)), (name, SLOWED, slowed)]);
    for (name, setting, goal) in goals {
        let cell = Case::named(name).and_then(|case| results.cell(setting, case));
        let best = cell.and_then(|cell| cell.best(|label| label.kind == Kind::Unlazy));
        let (Some(goal), Some((label, ratio))) = (goal, best) else {
            continue;
        };
        let distance = results.distance(setting.1);
        let verdict = if is_reached(ratio, goal) {
            "reached"
        } else {
            "**not reached**"
        };
        let _ = writeln!(
            text,
            "| {name} | {distance} | {} | {ratio:.2} | {goal:.2} | {verdict} |",
            label.name
        );
    }
    text
}

/// As far as two decimals tell.
fn is_reached(ratio: f64, goal: f64) -> bool {
    (ratio * 100.0).round() <= (goal * 100.0).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_for_cases() {
        for (name, ..) in GOALS {
            assert!(Case::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_goal_is_reached_as_it_is_printed() {
        assert!(is_reached(1.004, 1.0));
        assert!(is_reached(0.5, 0.58));
        assert!(!is_reached(1.006, 1.0));
    }
}
