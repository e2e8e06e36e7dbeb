//! The child process, and what is said to it.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use workload::{BoxError, Entry, Value};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contender.py");

pub(crate) struct Python {
    child: Child,
    /// `None` as soon as the child is to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// Nanoseconds.
    Took(u64),
    PerSecond(f64),
    Entries(Vec<Row>),
    Error(String),
}

/// The values, and what is below them.
#[derive(Deserialize)]
struct Row(Vec<Cell>, Vec<Vec<Row>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Int(i64),
    Text(String),
    Time { time: i64 },
}

impl Python {
    pub(crate) fn start(interpreter: &Path, url: &str) -> Result<Self, BoxError> {
        let mut child = Command::new(interpreter)
            .args([PROGRAM, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", interpreter.display()))?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().ok_or("Python has no stdout")?;
        let mut python = Self {
            child,
            questions,
            answers: BufReader::new(answers),
        };
        // It has reached the database, or says why not.
        python.hear()?;
        Ok(python)
    }

    /// Has something done that takes time.
    pub(crate) fn took(&mut self, command: &str) -> Result<Duration, BoxError> {
        match self.ask(command)? {
            Answer::Took(nanoseconds) => Ok(Duration::from_nanos(nanoseconds)),
            _ => Err(format!("Python did not say how long `{command}` took").into()),
        }
    }

    /// Has tasks race, and counts what they do.
    pub(crate) fn per_second(&mut self, command: &str) -> Result<f64, BoxError> {
        match self.ask(command)? {
            Answer::PerSecond(rate) => Ok(rate),
            _ => Err(format!("Python did not say how often `{command}` was done").into()),
        }
    }

    /// What came of the last run.
    pub(crate) fn entries(&mut self) -> Result<Vec<Entry>, BoxError> {
        match self.ask("show")? {
            Answer::Entries(rows) => Ok(entries(rows)),
            _ => Err("Python did not say what it has loaded".into()),
        }
    }

    fn ask(&mut self, command: &str) -> Result<Answer, BoxError> {
        let questions = self.questions.as_mut().ok_or("Python has no stdin")?;
        // In one write, so that the child wakes up once.
        questions.write_all(format!("{command}\n").as_bytes())?;
        self.hear()
    }

    fn hear(&mut self) -> Result<Answer, BoxError> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("Python has ended".into());
        }
        match serde_json::from_str(&line)? {
            Answer::Error(message) => Err(message.into()),
            answer => Ok(answer),
        }
    }
}

impl Drop for Python {
    /// Waits until the child has given back its connections: a database that is in use cannot be dropped.
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}

fn entries(rows: Vec<Row>) -> Vec<Entry> {
    let entry = |Row(values, below)| Entry {
        values: values.into_iter().map(Value::from).collect(),
        below: below.into_iter().map(entries).collect(),
    };
    rows.into_iter().map(entry).collect()
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Int(value) => Self::Int(value),
            Cell::Text(value) => Self::Text(value),
            Cell::Time { time } => Self::Time(time),
        }
    }
}
