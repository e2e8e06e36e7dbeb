//! PostgreSQL in Docker.

use std::{
    path::Path,
    process::{Command, Stdio},
};

pub(crate) const IMAGE: &str = "postgres:17-alpine";

/// Whether there is an engine: the client alone starts nothing.
pub(crate) fn works() -> bool {
    answer(&["info", "--format", "{{.ServerVersion}}"]).is_some()
}

/// The name of the container that belongs to a server's directory.
pub(crate) fn container(dir: &Path) -> String {
    let token = dir.file_name().unwrap_or_default().display();
    format!("unlazy-postgres-{token}")
}

/// Stops and removes the container, if it is there.
pub(crate) fn remove(container: &str) {
    answer(&["rm", "--force", "--volumes", container]);
}

/// The port of 127.0.0.1 that leads to the container's server, as soon as it is published.
pub(crate) fn port(container: &str) -> Option<u16> {
    // One line for each address, such as `127.0.0.1:49153`.
    let addresses = answer(&["port", container, "5432/tcp"])?;
    addresses.lines().next()?.rsplit_once(':')?.1.parse().ok()
}

fn answer(args: &[&str]) -> Option<String> {
    let output = Command::new("docker")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let answer = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!answer.is_empty()).then_some(answer)
}
