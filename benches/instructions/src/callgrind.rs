//! Counting by `valgrind --tool=callgrind`.

use std::env;
use std::process::{Command, Stdio};

use workload::{BoxError, Case};

/// The argument by which the program calls itself to do the work.
pub(crate) const WORK: &str = "--work";

/// What one piece of work takes, once everything is prepared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// What is subtracted is everything that is done once: starting, connecting, preparing.
const WARM_UP: u64 = 3;

pub(crate) fn count(url: &str, contender: &str, case: Case) -> Result<Counted, BoxError> {
    // Enough for what varies from one time to the next, such as how many reads a result arrives in.
    let times = match case {
        Case::UserByKey { .. } => 200,
        _ => 5,
    };
    let (before, _) = run(url, contender, case, WARM_UP)?;
    let (after, allocations) = run(url, contender, case, WARM_UP + times)?;
    Ok(Counted {
        instructions: after.saturating_sub(before) / times,
        allocations,
    })
}

/// The instructions of the whole process, and the allocations of the last time.
fn run(url: &str, contender: &str, case: Case, times: u64) -> Result<(u64, u64), BoxError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([WORK, url, contender, &case.name(), &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{contender}, {case}: {report}").into());
    }
    let collected = report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| format!("callgrind collected nothing: {report}"))?;
    let allocations = String::from_utf8(output.stdout)?;
    Ok((collected.1.trim().parse()?, allocations.trim().parse()?))
}
