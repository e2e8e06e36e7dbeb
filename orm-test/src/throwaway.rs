//! A private server that all test processes of a user share, and that goes with the last of them.
//!
//! Each server has a directory of its own below [`base`]:
//!
//! | file | |
//! | --- | --- |
//! | `users` | FIFO that each test process keeps open: the kernel closes it, whatever ends the process |
//! | `alive` | locked for as long as the server's keeper (`throwaway.sh`) lives |
//! | `server` | what it is, and its URL; there once it can be used |
//! | `ended` | there once the server has ended |
//! | `log` | the output of the keeper and the server |
//! | `data`, `.s.PGSQL.5432` | of a server that was started from binaries |

use std::{
    env,
    fs::{self, DirBuilder, File, Metadata, TryLockError},
    io::{self, ErrorKind},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{task::spawn_blocking, time::timeout};
use tokio_postgres::Config;

use crate::{Error, binaries, docker, server, url};

/// A server that stays as long as this value.
pub(crate) struct Throwaway {
    pub(crate) description: String,
    pub(crate) config: Config,
    pub(crate) users: File,
}

/// What to start.
enum Source {
    Binaries { folder: PathBuf, user: Option<User> },
    Docker { container: String },
}

/// Another user for the server to run as, because it refuses to run as root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// Joins the server that runs already, or starts one.
///
/// # Errors
///
/// [`Error::NoServer`] if there is nothing to start, [`Error::Start`] if it did not start, and
/// [`Error::Io`].
pub(crate) async fn join_or_start() -> Result<Throwaway, Error> {
    let uid = own_uid()?;
    let user = if uid == 0 { server_user() } else { None };
    let base = base(uid, user);
    let doing = format!("preparing {}", base.display());

    let entered = server::join(spawn_blocking(move || enter(&base, uid, user))).await;
    match entered.map_err(Error::io(doing))? {
        Entered::Joined(server) => Ok(*server),
        Entered::New { dir, lock: _lock } => start(&dir, uid, user).await,
    }
}

enum Entered {
    Joined(Box<Throwaway>),
    /// An empty directory for a new server, and the lock under which to start it.
    New {
        dir: PathBuf,
        lock: File,
    },
}

/// Finds a server to join, or makes room for one.
fn enter(base: &Path, uid: u32, user: Option<User>) -> io::Result<Entered> {
    let dir = base.join(server::token());
    loop {
        // The keeper of the last server removes the base, perhaps just now: then start over.
        let gone = |e: &io::Error| e.kind() == ErrorKind::NotFound;
        let lock = match lock_base(base, uid, user) {
            Err(e) if gone(&e) => continue,
            lock => lock?,
        };
        let entries = match fs::read_dir(base) {
            Err(e) if gone(&e) => continue,
            entries => entries?,
        };
        if let Some(server) = entries.flatten().find_map(|entry| join(&entry.path())) {
            return Ok(Entered::Joined(Box::new(server)));
        }
        match DirBuilder::new().mode(0o700).create(&dir) {
            Err(e) if gone(&e) => continue,
            made => made?,
        }
        return Ok(Entered::New { dir, lock });
    }
}

/// `<directory>/unlazy-postgres-<uid>`, in memory if there is room, otherwise in the temporary directory.
fn base(uid: u32, user: Option<User>) -> PathBuf {
    /// A socket's path must not be longer than some 100 bytes, and ours adds 31 to this.
    const LONGEST: usize = 70;

    let name = format!("unlazy-postgres-{uid}");
    if let Some(base) = in_memory(&name, uid, user) {
        return base;
    }
    let base = env::temp_dir().join(&name);
    if base.as_os_str().len() <= LONGEST && base.is_absolute() {
        base
    } else {
        Path::new("/tmp").join(name)
    }
}

/// A directory whose files are in memory, unless another one is asked for. Each database is some 300 files, and ext4 takes the longer
/// to make one, the more of them have just been deleted: tests that use most of their time for that end three times as fast.
fn in_memory(name: &str, uid: u32, user: Option<User>) -> Option<PathBuf> {
    if env::var_os("TMPDIR").is_some() {
        return None;
    }
    let base = Path::new("/dev/shm").join(name);
    match fs::symlink_metadata(&base) {
        // Whatever is free now: there may be a server to join, or what is left of one.
        Ok(metadata) => is_ours(&metadata, uid, user).then_some(base),
        Err(_) if has_room() => {
            let made = DirBuilder::new().mode(0o700).create(&base);
            let is_there = made.map_or_else(|e| e.kind() == ErrorKind::AlreadyExists, |()| true);
            is_there.then_some(base)
        }
        Err(_) => None,
    }
}

/// Whether memory is free for the databases that are there at the same time, and for the log of what is written to them.
fn has_room() -> bool {
    const ROOM_KB: u64 = 4 << 20;

    let file_system = Command::new("df")
        .args(["-Pk", "/dev/shm"])
        .stdin(Stdio::null())
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    // After the title: file system, size, used and available kilobytes.
    let in_file_system = file_system
        .ok()
        .and_then(|text| number(text.lines().nth(1)?, 3));
    let in_all = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let mut lines = text.lines();
        number(lines.find(|line| line.starts_with("MemAvailable:"))?, 1)
    });
    // Of a container; `max` if there is none, and then it is no number.
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|bytes| Some(number(&bytes, 0)? >> 10));
    let has = |kb: Option<u64>| kb.is_some_and(|kb| kb > ROOM_KB);
    has(in_file_system) && has(in_all) && (limit.is_none() || has(limit))
}

/// The word at this position.
fn number(line: &str, position: usize) -> Option<u64> {
    line.split_whitespace().nth(position)?.parse().ok()
}

/// Whether it is a directory of this user that nobody else can enter.
fn is_ours(metadata: &Metadata, uid: u32, user: Option<User>) -> bool {
    let owned = metadata.uid() == uid || user.is_some_and(|user| user.uid == metadata.uid());
    metadata.is_dir() && owned && metadata.mode() & 0o077 == 0
}

/// Makes the directory if need be, and locks it until the returned file is dropped, so that one
/// process at a time finds out whether there is a server to join.
fn lock_base(base: &Path, uid: u32, user: Option<User>) -> io::Result<File> {
    match DirBuilder::new().mode(0o700).create(base) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    // Others can write to the temporary directory too.
    if !is_ours(&fs::symlink_metadata(base)?, uid, user) {
        let reason = "it must be a directory of this user that nobody else can enter";
        return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
    }
    if let Some(user) = user {
        chown(base, Some(user.uid), Some(user.gid))?;
    }
    let lock = File::open(base)?;
    lock.lock()?;
    Ok(lock)
}

/// Joins the server in `dir`, unless it is about to go. What a crash left is removed.
fn join(dir: &Path) -> Option<Throwaway> {
    let keeper_lives = match File::open(dir.join("alive")) {
        Ok(alive) => matches!(alive.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    };
    if !keeper_lives {
        // A server whose data directory is gone stops on its own within a minute, a container
        // does not.
        if !dir.join("data").exists() && dir.join("log").exists() {
            docker::remove(&docker::container(dir));
        }
        let _ = fs::remove_dir_all(dir);
        return None;
    }
    let users = open_users(dir).ok()?;
    let server = fs::read_to_string(dir.join("server")).ok()?;
    let (description, url) = server.split_once('\n')?;
    if dir.join("ended").exists() {
        return None;
    }
    Some(Throwaway {
        description: description.to_owned(),
        config: url.trim_end().parse().ok()?,
        users,
    })
}

/// For reading too, because opening a FIFO for writing alone may wait.
fn open_users(dir: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .open(dir.join("users"))
}

/// Starts a server in `dir`, which is empty, and waits until it can be used.
async fn start(dir: &Path, uid: u32, user: Option<User>) -> Result<Throwaway, Error> {
    /// A port that Docker has published may lead nowhere yet.
    const ANSWER: Duration = Duration::from_secs(5);

    let spawned = Source::find(uid, user, dir).and_then(|source| {
        let doing = format!("starting a server in {}", dir.display());
        let keeper = spawn_keeper(dir, &source).map_err(Error::io(doing))?;
        Ok((source, keeper))
    });
    let (source, (users, log, mut keeper)) = spawned.inspect_err(|_| {
        // Once there is a keeper, that does it. The base only goes if it is empty.
        let _ = fs::remove_dir_all(dir);
        let _ = dir.parent().map(fs::remove_dir);
    })?;

    let deadline = Instant::now() + source.patience();
    loop {
        if let Some(config) = source.config(dir)
            && let Ok(Ok(version)) = timeout(ANSWER, server::version(&config)).await
        {
            let description = source.describe(&version);
            let server = format!("{description}\n{}\n", url::from_config(&config));
            fs::write(dir.join("server"), server)
                .map_err(Error::io(format!("writing to {}", dir.display())))?;
            return Ok(Throwaway {
                description,
                config,
                users,
            });
        }
        let over = dir.join("ended").exists() || !matches!(keeper.try_wait(), Ok(None));
        if over || Instant::now() > deadline {
            return Err(Error::Start {
                server: source.describe(""),
                log: end_of(log),
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts `throwaway.sh`, which starts the server and outlives this process.
fn spawn_keeper(dir: &Path, source: &Source) -> io::Result<(File, File, Child)> {
    let fifo = Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(dir.join("users"))
        .stdin(Stdio::null())
        .output()?;
    if !fifo.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&fifo.stderr).into_owned(),
        ));
    }
    let alive = File::create_new(dir.join("alive"))?;
    alive.lock()?;
    let mut log_options = File::options();
    log_options.read(true).append(true).create_new(true);
    let log = log_options.open(dir.join("log"))?;

    let mut command = Command::new("sh");
    command
        .args(["-c", include_str!("throwaway.sh"), "throwaway"])
        .current_dir(dir)
        // Its own copy of the lock: released when the keeper ends.
        .stdin(alive)
        // Not the test's own output: whoever reads that waits until nobody holds it any more.
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        // Ctrl-C at the terminal is for the tests.
        .process_group(0);
    match source {
        Source::Docker { container } => {
            command.args(["docker", docker::IMAGE, container]);
        }
        Source::Binaries { folder, user } => {
            command.arg("binaries").arg(folder);
            if let Some(user) = user {
                command.uid(user.uid).gid(user.gid);
                for path in [dir.to_owned(), dir.join("users")] {
                    chown(path, Some(user.uid), Some(user.gid))?;
                }
            }
        }
    }
    let users = open_users(dir)?;
    let keeper = command.spawn()?;
    Ok((users, log, keeper))
}

impl Source {
    fn find(uid: u32, user: Option<User>, dir: &Path) -> Result<Self, Error> {
        if let Some(folder) = binaries::find() {
            if uid == 0 && user.is_none() {
                let log = "it does not run as root, and there is no user `postgres` or `nobody`";
                return Err(Error::Start {
                    server: format!("PostgreSQL from {}", folder.display()),
                    log: log.to_owned(),
                });
            }
            return Ok(Self::Binaries { folder, user });
        }
        if docker::works() {
            let container = docker::container(dir);
            return Ok(Self::Docker { container });
        }
        Err(Error::NoServer)
    }

    /// How to reach the server, as soon as that is known.
    fn config(&self, dir: &Path) -> Option<Config> {
        let mut config = Config::new();
        config.user("postgres").dbname("postgres");
        match self {
            Self::Binaries { .. } => config.host_path(dir),
            Self::Docker { container } => config.host("127.0.0.1").port(docker::port(container)?),
        };
        Some(config)
    }

    fn describe(&self, version: &str) -> String {
        let name = format!("PostgreSQL {version}");
        let name = name.trim_end();
        match self {
            Self::Binaries { folder, .. } => format!("{name} started from {}", folder.display()),
            Self::Docker { .. } => format!("{name} in Docker ({})", docker::IMAGE),
        }
    }

    /// How long a start may take.
    fn patience(&self) -> Duration {
        match self {
            Self::Binaries { .. } => Duration::from_secs(60),
            // May have to download the image.
            Self::Docker { .. } => Duration::from_secs(300),
        }
    }
}

fn own_uid() -> Result<u32, Error> {
    let doing = "asking `id -u` for this user's number";
    let output = Command::new("id")
        .arg("-u")
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(doing))?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(|e| Error::io(doing)(io::Error::new(ErrorKind::InvalidData, e)))
}

fn server_user() -> Option<User> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|name| {
        // name:password:uid:gid:...
        let mut fields = passwd
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(User { uid, gid })
    })
}

fn end_of(mut log: File) -> String {
    const LINES: usize = 20;

    let mut text = Vec::new();
    let _ = io::Seek::rewind(&mut log).and_then(|()| io::Read::read_to_end(&mut log, &mut text));
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
