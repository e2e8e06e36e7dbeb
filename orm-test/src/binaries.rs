//! PostgreSQL's server binaries on this machine.

use std::{
    env, fs, iter,
    path::{Path, PathBuf},
};

/// Where packages put the server: `*` stands for anything within one name, usually the version.
const FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
    "/usr/pgsql-*/bin",                  // postgresql.org's RPMs
    "/usr/lib/postgresql*/bin",          // openSUSE
    "/usr/lib64/postgresql-*/bin",       // Gentoo
    "/usr/libexec/postgresql*",          // Alpine
    "/opt/homebrew/opt/postgresql*/bin", // Homebrew on ARM
    "/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/usr/local/pgsql/bin",           // built from source
];

/// The folder with the server's binaries: the one in `PATH`, else the newest of the known ones.
pub(crate) fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(FOLDERS.iter().copied().flat_map(expand))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// The folders that match a pattern, newest version first.
fn expand(pattern: &str) -> Box<dyn Iterator<Item = PathBuf>> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Box::new(iter::once(PathBuf::from(pattern)));
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let after = after.trim_start_matches('/');

    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(Path::new(parent))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = version(name.strip_prefix(prefix)?);
            Some((version, entry.path().join(after)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    Box::new(found.into_iter().map(|(_, folder)| folder))
}

/// `17` of `@17`, `-17` or `17.2`; without any, 0.
fn version(name: &str) -> u32 {
    name.trim_start_matches(|c: char| !c.is_ascii_digit())
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_version_first() {
        let root = env::temp_dir().join(format!("orm-test-binaries-{}", std::process::id()));
        for name in ["9.6", "10", "17", "unrelated"] {
            fs::create_dir_all(root.join(name).join("bin")).unwrap();
        }
        let found: Vec<PathBuf> = expand(&format!("{}/*/bin", root.display()))
            .take(3)
            .collect();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["17", "10", "9.6"].map(|v| root.join(v).join("bin")));
    }

    #[test]
    fn versions_in_names() {
        assert_eq!(["@17", "-16", "9.6", ""].map(version), [17, 16, 9, 0]);
    }
}
