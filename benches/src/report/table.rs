//! Times, in tables.

use std::fmt::Write;

use crate::{
    contenders::{BASE, Label},
    results::{Results, SETTINGS, Setting},
};

/// For each runtime and distance: the base in milliseconds, all others as ratios to it.
pub(super) fn ratios(results: &Results) -> String {
    SETTINGS
        .map(|setting| of_setting(results, setting))
        .join("\n")
}

fn of_setting(results: &Results, setting: Setting) -> String {
    let (flavor, link) = setting;
    let cases = results.cases();
    let cells: Vec<_> = cases
        .iter()
        .filter_map(|case| results.cell(setting, *case))
        .collect();
    let distance = results.distance(link);
    let mut text = format!("## {}, {distance}\n\n| |", capitalized(&flavor.to_string()));
    for case in &cases {
        let _ = write!(text, " {} |", case.name());
    }
    let _ = write!(
        text,
        "\n|---|{}\n| {BASE}, ms |",
        "--:|".repeat(cases.len())
    );
    for cell in &cells {
        let _ = write!(text, " {} |", milliseconds(cell.base.median));
    }
    text.push('\n');
    for label in results.contenders() {
        if label.is_base() {
            continue;
        }
        let _ = write!(text, "| {} |", label.name);
        for cell in &cells {
            let fastest = cell.best(|label| !label.is_floor());
            let is_fastest = fastest.is_some_and(|(fastest, _)| fastest == label);
            let _ = match cell.ratio(label) {
                Some(ratio) if is_fastest => write!(text, " **{ratio:.2}** |"),
                Some(ratio) => write!(text, " {ratio:.2} |"),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}

/// Every time that was measured.
pub(super) fn details(results: &Results) -> String {
    let mut text = String::from(
        "<details>\n<summary>All times in ms</summary>\n\n\
         | runtime | distance | case | contender | median | p10 | p90 | ratio | rounds |\n\
         |---|---|---|---|--:|--:|--:|--:|--:|\n",
    );
    for setting in SETTINGS {
        for case in results.cases() {
            let Some(cell) = results.cell(setting, case) else {
                continue;
            };
            for (Label { name, .. }, time) in &cell.times {
                let (flavor, link) = setting;
                let distance = results.distance(link);
                let [median, p10, p90] = [time.median, time.p10, time.p90].map(milliseconds);
                let ratio = time.median / cell.base.median;
                let (rounds, case) = (time.rounds, case.name());
                let _ = writeln!(
                    text,
                    "| {flavor} | {distance} | {case} | {name} | {median} | {p10} | {p90} | {ratio:.2} | {rounds} |"
                );
            }
        }
    }
    text + "\n</details>\n"
}

/// With three digits that count.
fn milliseconds(micros: f64) -> String {
    let millis = micros / 1e3;
    let decimals = if millis < 1.0 {
        3
    } else if millis < 10.0 {
        2
    } else {
        1
    };
    format!("{millis:.decimals$}")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_times_have_more_decimals() {
        assert_eq!(milliseconds(62.4), "0.062");
        assert_eq!(milliseconds(2_345.6), "2.35");
        assert_eq!(milliseconds(123_456.0), "123.5");
    }
}
