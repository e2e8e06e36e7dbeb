//! What the program is asked for.

use std::{str::FromStr, time::Duration};

use lexopt::{Arg, Parser, ValueExt};
use workload::{BoxError, Case};

use crate::job;

pub(crate) const HELP: &str = "\
./dev bench                  measure everything, and write it to benches/results
./dev bench check            only see whether all contenders do the same work
./dev bench growth           how the time grows with the number of rows
./dev bench report           make the report and the plot again from the results

  --seconds N                for each case, runtime and distance (8; of growth 4)
  --latency-us N             each way, of the distant server (1000)
  --cases a,b20,..           only these cases
  --contenders NAME,..       only these, next to `tokio-postgres naive`; `all` is all of them
  --without-throughput       leave out the requests per second
";

pub(crate) struct Arguments {
    pub(crate) command: Command,
    /// For each cell.
    pub(crate) budget: Option<Duration>,
    pub(crate) latency: Duration,
    pub(crate) cases: Vec<String>,
    /// `None` unless they are named. None of them are all.
    pub(crate) contenders: Option<Vec<String>>,
    pub(crate) throughput: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Compare,
    Check,
    Growth,
    Report,
    Help,
    /// A job, as JSON: for a process that was started by this program.
    Work(String),
}

impl Arguments {
    pub(crate) fn parse(mut parser: Parser) -> Result<Self, BoxError> {
        let mut arguments = Self {
            command: Command::Compare,
            budget: None,
            latency: Duration::from_millis(1),
            cases: Case::ALL.map(Case::name).to_vec(),
            contenders: None,
            throughput: true,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(value) => arguments.command = value.parse()?,
                Arg::Long(name) if format!("--{name}") == job::ARGUMENT => {
                    arguments.command = Command::Work(parser.value()?.string()?);
                }
                Arg::Long("seconds") => {
                    let seconds = parser.value()?.parse()?;
                    arguments.budget = Some(Duration::try_from_secs_f64(seconds)?);
                }
                Arg::Long("latency-us") => {
                    arguments.latency = Duration::from_micros(parser.value()?.parse()?);
                }
                Arg::Long("cases") => {
                    arguments.cases = list(&parser.value()?.string()?);
                }
                Arg::Long("contenders") => {
                    let mut names = list(&parser.value()?.string()?);
                    names.retain(|name| name != "all");
                    arguments.contenders = Some(names);
                }
                Arg::Long("without-throughput") => arguments.throughput = false,
                Arg::Long("help") | Arg::Short('h') => arguments.command = Command::Help,
                _ => return Err(argument.unexpected().into()),
            }
        }
        Ok(arguments)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

impl FromStr for Command {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word {
            "check" => Self::Check,
            "growth" => Self::Growth,
            "report" => Self::Report,
            "help" => Self::Help,
            _ => return Err(format!("there is no `{word}`:\n{HELP}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, BoxError> {
        Arguments::parse(Parser::from_args(arguments))
    }

    #[test]
    fn nothing_measures_everything() {
        let arguments = parsed(&[]).unwrap();
        assert_eq!(arguments.command, Command::Compare);
        assert_eq!(arguments.cases.len(), Case::ALL.len());
        assert!(arguments.contenders.is_none());
    }

    #[test]
    fn options_are_understood() {
        let arguments = parsed(&[
            "growth",
            "--seconds=0.5",
            "--contenders",
            "unlazy, unlazy joined",
        ]);
        let arguments = arguments.unwrap();
        assert_eq!(arguments.command, Command::Growth);
        assert_eq!(arguments.budget, Some(Duration::from_millis(500)));
        assert_eq!(arguments.contenders.unwrap(), ["unlazy", "unlazy joined"]);
        let all = parsed(&["--contenders", "all"]).unwrap();
        assert_eq!(all.contenders, Some(Vec::new()));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        assert!(parsed(&["speed"]).is_err());
        assert!(parsed(&["--fast"]).is_err());
        assert!(parsed(&["--seconds", "-1"]).is_err());
    }
}
