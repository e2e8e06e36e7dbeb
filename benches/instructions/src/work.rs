//! The work that is counted, in a process of its own.

use std::alloc::System;
use std::hint::black_box;
use std::sync::Arc;

use contender_unlazy::Strategy;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use workload::{BoxError, Case, Contender};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

pub(crate) const CONTENDERS: [&str; 6] = [
    "floor",
    "tokio-postgres tuned",
    "tokio-postgres naive",
    "unlazy",
    "unlazy joined",
    "unlazy pipelined",
];

pub(crate) fn contender(url: &str, name: &str) -> Result<Arc<dyn Contender>, BoxError> {
    Ok(match name {
        "floor" => Arc::new(contender_hand::floor(url)?),
        "tokio-postgres tuned" => Arc::new(contender_hand::tuned(url)?),
        "tokio-postgres naive" => Arc::new(contender_hand::naive(url)?),
        "unlazy" => Arc::new(contender_unlazy::connect(url, Strategy::Selectin)?),
        "unlazy joined" => Arc::new(contender_unlazy::connect(url, Strategy::Joined)?),
        "unlazy pipelined" => Arc::new(contender_unlazy::connect(url, Strategy::Pipelined)?),
        _ => return Err(format!("nobody is called {name:?}").into()),
    })
}

/// Does the work some times. Returns the number of allocations of the last time, if there was one.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn work(
    url: &str,
    name: &str,
    case: Case,
    times: usize,
) -> Result<usize, BoxError> {
    let contender = contender(url, name)?;
    let mut allocations = 0;
    for _ in 0..times {
        let region = Region::new(ALLOCATOR);
        drop(black_box(contender.run(case).await?));
        let change = region.change();
        allocations = change.allocations + change.reallocations;
    }
    Ok(allocations)
}
