//! Compares unlazy with hand-written code and with other libraries: see `README.md`, or `./dev bench help`.

mod arguments;
mod aside;
mod check;
mod contenders;
mod cores;
mod growth;
mod job;
mod latency;
mod machine;
mod measure;
mod report;
mod results;
mod runtime;
mod statistics;
mod throughput;

use std::{process::ExitCode, time::Duration};

use database::Database;
use workload::{BoxError, Size};

use crate::{
    arguments::{Arguments, Command},
    cores::Cores,
    job::{Job, Task},
    machine::Machine,
    results::{GrowthResults, Results},
    runtime::Flavor,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), BoxError> {
    let arguments = Arguments::parse(lexopt::Parser::from_env())?;
    match &arguments.command {
        Command::Compare => {
            compare(&arguments)?.write()?;
            report()
        }
        Command::Check => check(&arguments),
        Command::Growth => {
            let growth = grow(&arguments)?;
            growth.write()?;
            let table = report::growth(&growth);
            results::write_file("growth.md", &table)?;
            println!("{table}");
            Ok(())
        }
        Command::Report => report(),
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(())
        }
        Command::Work(job) => serde_json::from_str::<Job>(job)?.work(),
    }
}

/// Of what was measured last.
fn report() -> Result<(), BoxError> {
    let results = Results::read()?;
    results::write_file("plot.svg", &report::plot(&results))?;
    let report = report::Report::of(&results);
    results::write_file("report.md", &report.whole())?;
    println!("{}", report.summary());
    Ok(())
}

fn compare(arguments: &Arguments) -> Result<Results, BoxError> {
    // For what this process asks the server, which is not much.
    let runtime = Flavor::CurrentThread.runtime()?;
    let database = runtime.block_on(Database::filled(Size::COMPARISON))?;
    let url = database.url()?;
    let slowed = latency::slowed(&url, arguments.latency)?;
    let cores = runtime.block_on(Cores::of(&url))?;
    let mut results = Results {
        machine: runtime.block_on(Machine::describe(&url))?,
        apart: false,
        latency: arguments.latency,
        round_trip: runtime.block_on(latency::round_trip(&url))?,
        slowed_round_trip: runtime.block_on(latency::round_trip(&slowed))?,
        measurements: Vec::new(),
        throughput: Vec::new(),
    };
    let job = |task, flavor| Job {
        task,
        flavor,
        cases: arguments.cases.clone(),
        contenders: arguments.contenders.clone().unwrap_or_default(),
        url: url.clone(),
    };
    let budget = arguments.budget.unwrap_or(Duration::from_secs(8));
    for flavor in Flavor::ALL {
        let task = Task::Measure {
            slowed: slowed.clone(),
            budget,
        };
        let apart = match flavor {
            Flavor::CurrentThread => cores.as_ref().and_then(Cores::keep_apart),
            // Its workers want all cores.
            Flavor::MultiThread => None,
        };
        results.apart |= apart.is_some();
        let measured = job(task, flavor).delegate(apart.as_ref())?;
        results.measurements.extend(measured);
    }
    if arguments.throughput {
        let task = Task::Throughput {
            windows: 3,
            window: Duration::from_secs(1).min(budget),
        };
        results.throughput = job(task, Flavor::MultiThread).delegate(None)?;
    }
    Ok(results)
}

fn check(arguments: &Arguments) -> Result<(), BoxError> {
    let runtime = Flavor::CurrentThread.runtime()?;
    let database = runtime.block_on(Database::filled(Size::COMPARISON))?;
    for flavor in Flavor::ALL {
        let job = Job {
            task: Task::Check,
            flavor,
            cases: arguments.cases.clone(),
            contenders: arguments.contenders.clone().unwrap_or_default(),
            url: database.url()?,
        };
        job.delegate::<()>(None)?;
    }
    Ok(())
}

fn grow(arguments: &Arguments) -> Result<GrowthResults, BoxError> {
    let runtime = Flavor::CurrentThread.runtime()?;
    eprintln!("benches: filling a database with six million rows");
    let database = runtime.block_on(Database::filled(Size { users: 100_000 }))?;
    let url = database.url()?;
    let machine = runtime.block_on(Machine::describe(&url))?;
    runtime.block_on(growth::limit_statements(&url))?;
    let mut cases = arguments.cases.clone();
    cases.retain(|case| growth::CASES.contains(&case.as_str()));
    let usual = || growth::CONTENDERS.map(str::to_owned).to_vec();
    let job = Job {
        task: Task::Grow {
            budget: arguments.budget.unwrap_or(Duration::from_secs(4)),
        },
        flavor: Flavor::CurrentThread,
        cases,
        contenders: arguments.contenders.clone().unwrap_or_else(usual),
        url,
    };
    Ok(GrowthResults {
        machine,
        growth: job.delegate(None)?,
    })
}
