//! Counts the client's instructions and allocations for a piece of work, which are the same every time, unlike its time.
//!
//! `instructions [CASE ..]` prints a table. `instructions --check` fails where unlazy does more, next to the tuned
//! hand-written code, than [`limits`] allows.

mod callgrind;
mod limits;
mod work;

use std::env;
use std::process::ExitCode;

use database::Database;
use workload::{BoxError, Case, Size};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, BoxError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, url, contender, case, times] = &arguments[..]
        && command == callgrind::WORK
    {
        let allocations = work::work(url, contender, named(case)?, times.parse()?)?;
        println!("{allocations}");
        return Ok(true);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let database = runtime.block_on(Database::filled(Size::COMPARISON))?;
    let url = database.url()?;
    if arguments == ["--check"] {
        return limits::hold(&url);
    }
    let cases = match &arguments[..] {
        [] => Case::ALL.to_vec(),
        names => names
            .iter()
            .map(|name| named(name))
            .collect::<Result<_, _>>()?,
    };
    for case in cases {
        table(&url, case)?;
    }
    Ok(true)
}

fn named(case: &str) -> Result<Case, BoxError> {
    Case::named(case).ok_or_else(|| format!("there is no case {case:?}").into())
}

fn table(url: &str, case: Case) -> Result<(), BoxError> {
    println!("\n{} {case}", case.name());
    for name in work::CONTENDERS {
        if work::contender(url, name)?.offers(case) {
            let counted = callgrind::count(url, name, case)?;
            println!(
                "  {name:22} {:>12} instructions {:>8} allocations",
                counted.instructions, counted.allocations
            );
        }
    }
    Ok(())
}
