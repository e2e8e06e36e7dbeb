//! Over random data, every strategy and every way to run a query gives the same tree as plain SQL.
//!
//! The cases are the same in each run. For others, or for more of them: `PROPTEST_RNG_SEED=7 PROPTEST_CASES=1000`.

mod data;
mod entities;
mod oracle;
#[macro_use]
mod picks;
#[macro_use]
mod compare;
mod relations;
mod rows;
mod trees;

use std::env::var_os;

use proptest::test_runner::{Config, RngSeed, TestRunner};

use compare::World;

#[test]
fn every_strategy_loads_what_plain_sql_says() {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    if var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(6);
    }
    let cases = config.cases as usize;
    let world = World::open();
    let outcome = TestRunner::new(config).run(&data::cases(), |case| world.check(&case));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));

    let tally = &world.tally;
    let trees = cases * trees::ALL.len();
    assert!(tally.whole.get() > trees * 8 / 10, "{tally:?}");
    assert!(tally.targets.get() > trees * 10, "{tally:?}");
    assert!(tally.missing_target.get() > cases / 10, "{tally:?}");
    assert!(tally.too_many.get() > cases / 10, "{tally:?}");
    assert!(world.pipelined() > cases * 5);
}
