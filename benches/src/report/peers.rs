//! Where another library is faster.

use std::fmt::Write;

use crate::{
    contenders::Kind,
    results::{Results, SETTINGS},
};

/// The best strategy of unlazy next to the best of the other libraries.
pub(super) fn ahead(results: &Results) -> String {
    let mut cells = 0;
    let mut rows = String::new();
    for setting in SETTINGS {
        for case in results.cases() {
            let Some(cell) = results.cell(setting, case) else {
                continue;
            };
            let ours = cell.best(|label| label.kind == Kind::Unlazy);
            let theirs = cell.best(|label| matches!(label.kind, Kind::Peer | Kind::Foreign));
            let (Some((_, ours)), Some((peer, theirs))) = (ours, theirs) else {
                continue;
            };
            cells += 1;
            if theirs < ours {
                let (flavor, link) = setting;
                let _ = writeln!(
                    rows,
                    "| {flavor} | {} | {} | {} | {theirs:.2} | {ours:.2} | {:.1} % |",
                    results.distance(link),
                    case.name(),
                    peer.name,
                    (ours / theirs - 1.0) * 100.0
                );
            }
        }
    }
    match (cells, rows.lines().count()) {
        (0, _) => String::new(),
        (_, 0) => format!(
            "## Where another library is ahead\n\nNowhere: in all {cells} cells the best strategy of unlazy is the fastest.\n"
        ),
        (_, ahead) => format!(
            "## Where another library is ahead\n\n\
             Of the best strategy of unlazy, in {ahead} of {cells} cells.\n\n\
             | runtime | distance | case | library | its ratio | unlazy's | unlazy takes longer by |\n\
             |---|---|---|---|--:|--:|--:|\n{rows}"
        ),
    }
}
