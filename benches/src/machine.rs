//! Where it was measured, and what.

use std::{fs, thread};

use serde::{Deserialize, Serialize};
use tokio_postgres::{Config, NoTls, config::Host};
use workload::BoxError;

const LOCK: &str = include_str!("../Cargo.lock");
const PYTHON: &str = include_str!("../contenders/sqlalchemy/requirements.txt");

/// The crates of the contenders, each with the package here that uses it.
const CRATES: [(&str, &str); 8] = [
    ("contender-hand", "tokio-postgres"),
    ("contender-hand", "deadpool-postgres"),
    ("contender-unlazy", "unlazy"),
    ("contender-diesel", "diesel"),
    ("contender-diesel", "diesel-async"),
    ("contender-sea-orm", "sea-orm"),
    ("contender-sqlx", "sqlx"),
    ("contender-toasty", "toasty"),
];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    system: String,
    kernel: String,
    /// The server, its settings that matter, and how it is reached.
    postgres: String,
    rustc: String,
    versions: Vec<String>,
}

impl Machine {
    pub(crate) async fn describe(url: &str) -> Result<Self, BoxError> {
        let unknown = || "unknown".to_owned();
        Ok(Self {
            cpu: field("/proc/cpuinfo", "model name", ':').unwrap_or_else(unknown),
            cores: thread::available_parallelism()?.get(),
            system: field("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_else(unknown),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |release| release.trim().to_owned()),
            postgres: postgres(url).await?,
            rustc: env!("RUSTC_VERSION").to_owned(),
            versions: versions(),
        })
    }

    /// `apart`: whether the current-thread runtime had a core without the server.
    pub(crate) fn markdown(&self, apart: bool) -> String {
        let Self {
            cpu,
            cores,
            system,
            kernel,
            postgres,
            rustc,
            versions,
        } = self;
        let shared = match apart {
            true => {
                ": on the current-thread runtime one is the client's and the server has the others, on the multi-thread runtime \
                 they share all"
            }
            false => ", which the server shares with the client",
        };
        format!(
            "- {cpu}, {cores} cores{shared}\n\
             - {system}, Linux {kernel}\n\
             - {postgres}\n\
             - {rustc}, release profile with thin LTO and one codegen unit\n\
             - {}\n",
            versions.join(", ")
        )
    }
}

/// The value of the first line that begins with `name`.
fn field(path: &str, name: &str, separator: char) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(separator)?;
    Some(value.trim().trim_matches('"').to_owned())
}

async fn postgres(url: &str) -> Result<String, BoxError> {
    let config: Config = url.parse()?;
    let way = match config.get_hosts() {
        [Host::Tcp(_)] => "TCP",
        _ => "a Unix socket",
    };
    let files = match config.get_hosts() {
        [Host::Unix(folder)] if folder.starts_with("/dev/shm") => ", files in memory",
        _ => "",
    };
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let mut text = String::from("PostgreSQL ");
    for (number, name) in ["server_version", "shared_buffers", "fsync", "jit"]
        .into_iter()
        .enumerate()
    {
        let row = client
            .query_one("SELECT current_setting($1)", &[&name])
            .await?;
        let value: String = row.get(0);
        text += &match number {
            0 => value,
            _ => format!(", {name} = {value}"),
        };
    }
    Ok(format!("{text}{files}; reached through {way}"))
}

fn versions() -> Vec<String> {
    let crates = CRATES.into_iter().filter_map(|(user, name)| {
        let version = version(LOCK, user, name)?;
        Some(format!("{name} {version}"))
    });
    let python = PYTHON.lines().map(|line| line.replace("==", " "));
    crates.chain(python).collect()
}

/// Which version of a crate the package `user` is built with.
fn version<'a>(lock: &'a str, user: &str, name: &str) -> Option<&'a str> {
    let package = |name: &str| {
        let named = format!("\nname = \"{name}\"\n");
        lock.split("[[package]]")
            .find(|package| package.contains(&named))
    };
    let using = package(user)?;
    // Where there are several versions in the lock file, the dependency says which.
    let stated = format!(" \"{name} ");
    if let Some((_, rest)) = using.split_once(&stated) {
        return rest.split(['"', ' ']).next();
    }
    let (_, rest) = package(name)?.split_once("\nversion = \"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_in_use() {
        let lock = r#"
[[package]]
name = "contender-x"
version = "0.1.0"
dependencies = [
 "one",
 "two 0.9.1",
]

[[package]]
name = "one"
version = "1.2.3"

[[package]]
name = "two"
version = "0.8.0"

[[package]]
name = "two"
version = "0.9.1"
"#;
        assert_eq!(version(lock, "contender-x", "one"), Some("1.2.3"));
        assert_eq!(version(lock, "contender-x", "two"), Some("0.9.1"));
        assert_eq!(version(lock, "contender-y", "two"), None);
        assert_eq!(version(LOCK, "benches", "workload"), Some("0.1.0"));
    }
}
