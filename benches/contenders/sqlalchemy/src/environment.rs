//! A virtual environment with the packages of `requirements.txt`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use workload::BoxError;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The interpreter of the environment, which is made unless it is there already.
pub(crate) fn python() -> Result<PathBuf, BoxError> {
    let environment = target_directory().join("sqlalchemy");
    let python = environment.join("bin/python");
    // Written last: an environment that was left half made does not have it.
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    finish(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    finish(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(Path::new(CRATE).join("requirements.txt")),
    )?;
    fs::write(&installed, REQUIREMENTS)?;
    Ok(python)
}

/// That of the benchmark's workspace.
fn target_directory() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(CRATE).join("../../target"), PathBuf::from)
}

fn finish(command: &mut Command) -> Result<(), BoxError> {
    let said = command.stdin(Stdio::null()).output();
    let said = said.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if said.status.success() {
        return Ok(());
    }
    let out = String::from_utf8_lossy(&said.stdout);
    let error = String::from_utf8_lossy(&said.stderr);
    Err(format!(
        "{command:?} failed, {}: {}{}",
        said.status,
        out.trim(),
        error.trim()
    )
    .into())
}
