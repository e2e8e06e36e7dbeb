//! What was measured, kept in files, so that a report can be made of it again.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use workload::{BoxError, Case};

use crate::{
    contenders::Label,
    growth::Growth,
    machine::Machine,
    measure::{Link, Measurement},
    runtime::Flavor,
    statistics::Summary,
    throughput::Rate,
};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// Whether the server was kept away from the client's core, on the current-thread runtime.
    #[serde(default)]
    pub(crate) apart: bool,
    /// Of the distant server, each way.
    pub(crate) latency: Duration,
    pub(crate) round_trip: Summary,
    pub(crate) slowed_round_trip: Summary,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) throughput: Vec<Rate>,
}

const RESULTS: &str = "results.json";

impl Results {
    pub(crate) fn read() -> Result<Self, BoxError> {
        let path = folder().join(RESULTS);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    pub(crate) fn write(&self) -> Result<(), BoxError> {
        write_file(RESULTS, &serde_json::to_string_pretty(self)?)
    }

    /// Those that were measured, in their order.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for case in self.measurements.iter().map(|one| &one.case) {
            if let Some(case) = Case::named(case)
                && !cases.contains(&case)
            {
                cases.push(case);
            }
        }
        cases
    }

    /// Everyone who was measured, in the order of the tables.
    pub(crate) fn contenders(&self) -> BTreeSet<&Label> {
        self.measurements.iter().map(|one| &one.contender).collect()
    }

    /// The times of a case in one of the settings.
    pub(crate) fn cell(&self, setting: Setting, case: Case) -> Option<CellTimes<'_>> {
        let name = case.name();
        let times: Vec<_> = self
            .measurements
            .iter()
            .filter(|one| one.case == name && setting == (one.flavor, one.link))
            .map(|one| (&one.contender, one.time))
            .collect();
        let base = times.iter().find(|(label, _)| label.is_base())?.1;
        Some(CellTimes { base, times })
    }

    /// What the distance is called.
    pub(crate) fn distance(&self, link: Link) -> String {
        match link {
            Link::Direct => "no latency".to_owned(),
            Link::Slowed => format!("{} ms each way", self.latency.as_secs_f64() * 1e3),
        }
    }
}

/// The runtime and the distance.
pub(crate) type Setting = (Flavor, Link);

pub(crate) const SETTINGS: [Setting; 4] = [
    (Flavor::CurrentThread, Link::Direct),
    (Flavor::CurrentThread, Link::Slowed),
    (Flavor::MultiThread, Link::Direct),
    (Flavor::MultiThread, Link::Slowed),
];

/// What all contenders took for the same work.
pub(crate) struct CellTimes<'a> {
    pub(crate) base: Summary,
    pub(crate) times: Vec<(&'a Label, Summary)>,
}

impl<'a> CellTimes<'a> {
    pub(crate) fn ratio(&self, label: &Label) -> Option<f64> {
        let (_, time) = self.times.iter().find(|(one, _)| *one == label)?;
        Some(time.median / self.base.median)
    }

    /// The fastest of those that are meant, and its ratio to the base.
    pub(crate) fn best(&self, meant: impl Fn(&Label) -> bool) -> Option<(&'a Label, f64)> {
        let meant = self.times.iter().filter(|(label, _)| meant(label));
        let (label, time) = meant.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))?;
        Some((label, time.median / self.base.median))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GrowthResults {
    pub(crate) machine: Machine,
    pub(crate) growth: Vec<Growth>,
}

impl GrowthResults {
    pub(crate) fn write(&self) -> Result<(), BoxError> {
        write_file("growth.json", &serde_json::to_string_pretty(self)?)
    }
}

/// Writes one of the files of the results.
pub(crate) fn write_file(name: &str, text: &str) -> Result<(), BoxError> {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("benches: wrote {}", path.display());
    Ok(())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results")
}
