//! Client and server on cores of their own.
//!
//! Left alone, the kernel has the two take turns on one core or wake each other on two, for one contender now and for the other then:
//! the same query by its key takes 20 µs or 45, whoever sends it.

use std::{
    env,
    ffi::OsStr,
    fs,
    process::{Command, Stdio},
};

use tokio_postgres::NoTls;
use workload::BoxError;

/// The cores of a machine on which the server can be kept away from the client.
pub(crate) struct Cores {
    /// The process whose children serve the connections.
    server: String,
    /// Those on which it may run.
    of_server: Vec<usize>,
    client: usize,
}

/// As long as it lives, new connections are served on other cores than the client's.
pub(crate) struct Apart<'a>(&'a Cores);

impl Cores {
    /// `None` where they cannot be kept apart: with one core, without `taskset`, and for a server that the tests' library has not
    /// started on this machine.
    pub(crate) async fn of(url: &str) -> Result<Option<Self>, BoxError> {
        let is_foreign = env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
        if is_foreign || !taskset(["-p", &std::process::id().to_string()]) {
            return Ok(None);
        }
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
        let backend = row.get::<_, i32>(0).to_string();
        // In a container they have other numbers here.
        let is_here = status(&backend, "Name").is_some_and(|name| name == "postgres");
        Ok(if is_here {
            Self::of_parent(&backend)
        } else {
            None
        })
    }

    fn of_parent(backend: &str) -> Option<Self> {
        let server = status(backend, "PPid")?;
        let of_server = numbers(&status(&server, "Cpus_allowed_list")?);
        let client = *numbers(&status("self", "Cpus_allowed_list")?).first()?;
        let has_another = of_server.iter().any(|core| *core != client);
        has_another.then_some(Self {
            server,
            of_server,
            client,
        })
    }

    /// `None` if the server may not be moved.
    pub(crate) fn keep_apart(&self) -> Option<Apart<'_>> {
        let mut others = self.of_server.clone();
        others.retain(|core| *core != self.client);
        self.serve_on(&others).then_some(Apart(self))
    }

    fn serve_on(&self, cores: &[usize]) -> bool {
        taskset(["-pc", &listed(cores), &self.server])
    }
}

impl Apart<'_> {
    /// A program that runs on the client's core.
    pub(crate) fn client(&self, program: &OsStr) -> Command {
        let mut command = Command::new("taskset");
        command
            .arg("-c")
            .arg(self.0.client.to_string())
            .arg(program);
        command
    }
}

impl Drop for Apart<'_> {
    fn drop(&mut self) {
        self.0.serve_on(&self.0.of_server);
    }
}

/// Whether it did what it was told.
fn taskset<const N: usize>(arguments: [&str; N]) -> bool {
    let mut command = Command::new("taskset");
    command.args(arguments).stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// What Linux says of a process.
fn status(process: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(known, _)| *known == name)?;
    Some(value.trim().to_owned())
}

/// What `0-2,5` stands for.
fn numbers(list: &str) -> Vec<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

fn listed(cores: &[usize]) -> String {
    let cores: Vec<String> = cores.iter().map(usize::to_string).collect();
    cores.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores() {
        assert_eq!(numbers("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(numbers("3"), [3]);
        assert_eq!(listed(&[1, 2, 5]), "1,2,5");
    }
}
