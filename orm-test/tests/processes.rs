//! What other processes share, and what is left of them.

#![cfg(unix)]

use std::{
    env,
    fs::{self, Permissions},
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use orm_test::{Error, Server, TestDb};
use tokio_postgres::Client;

/// What the process started by [`start`] does. In the tests' own process: nothing.
#[tokio::test]
async fn child() -> Result<(), Error> {
    match env::var("ORM_TEST_CHILD").as_deref() {
        Ok("stay") => {
            let db = TestDb::with_schema("CREATE TABLE t ()").await?;
            println!("\nchild: {}", db.name());
            // Until it is killed.
            std::future::pending().await
        }
        Ok("come and go") => {
            let other = TestDb::new().await?;
            for number in 0..6 {
                TestDb::with_schema(&format!("CREATE TABLE t{number} ()")).await?;
            }
            println!("\nchild: has one");
            std::io::stdin().read_line(&mut String::new()).unwrap();
            drop(other);
            println!("\nchild: has none");
        }
        Ok("look") => match Server::shared().await {
            Ok(server) => println!("\nchild: {server}"),
            Err(e) => println!("\nchild: {e}"),
        },
        _ => {}
    }
    Ok(())
}

/// A process that is killed when the test is over.
struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

fn start(task: &str, variable: &str, value: &str) -> Process {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env_remove("DATABASE_URL")
        .env("ORM_TEST_CHILD", task)
        .env(variable, value)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    Process { child, output }
}

impl Process {
    /// What it says, waiting for it.
    fn says(&mut self) -> String {
        let mut lines = self.output.by_ref().lines().map(Result::unwrap);
        let line = lines.find_map(|line| line.strip_prefix("child: ").map(str::to_owned));
        line.expect("the process ended")
    }

    /// Lets it go on.
    fn go_on(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"\n").unwrap();
    }

    /// SIGKILL: nothing is cleaned up by the process itself.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // Ends only if nothing that was started in the background holds it.
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The directories of the servers below a temporary directory.
fn servers(temp: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    folders(temp)
        .iter()
        .flat_map(|base| folders(base))
        .collect()
}

#[test]
fn a_server_is_shared_and_goes_with_its_last_process() {
    // Short, for the socket's sake, and open for other users, as one of them may run the server.
    let temp = PathBuf::from(format!("/tmp/orm-test-{}", std::process::id()));
    fs::create_dir(&temp).unwrap();
    fs::set_permissions(&temp, Permissions::from_mode(0o1777)).unwrap();
    let value = temp.to_str().unwrap();
    // One of them starts it while the others wait for it.
    let mut processes = [(); 3].map(|()| start("stay", "TMPDIR", value));
    for process in &mut processes {
        process.says();
    }
    let [one, two, three] = processes;
    let shared = servers(&temp);
    assert_eq!(shared.len(), 1, "{shared:?}");

    one.kill();
    two.kill();
    std::thread::sleep(Duration::from_millis(500));
    let mut four = start("stay", "TMPDIR", value);
    four.says();
    assert_eq!(servers(&temp), shared);

    three.kill();
    four.kill();
    // Not even an empty directory stays.
    let start = Instant::now();
    while fs::remove_dir(&temp).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            servers(&temp)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many templates there are of those who use the client's database as `DATABASE_URL`.
async fn templates(client: &Client) -> usize {
    let sql = "SELECT FROM pg_database WHERE datname LIKE 'unlazy_template_' || \
               lpad(to_hex(hashtext(current_database() || '/' || current_user)), 8, '0') || '%'";
    client.query(sql, &[]).await.unwrap().len()
}

#[tokio::test]
async fn databases_of_killed_processes_are_dropped_by_the_next() -> Result<(), Error> {
    // A database to be DATABASE_URL's, so that there is nobody else's template.
    let db = TestDb::new().await?;
    let client = db.connect().await?;
    let ours = async |name: &str| {
        let sql = "SELECT FROM pg_database WHERE datname = $1";
        let databases = client.query(sql, &[&name]).await.unwrap().len();
        databases + templates(&client).await
    };

    let mut killed = start("stay", "DATABASE_URL", &db.url());
    let name = killed.says();
    assert_eq!(ours(&name).await, 2);
    // While it lives, nobody touches what it has.
    start("look", "DATABASE_URL", &db.url()).says();
    assert_eq!(ours(&name).await, 2);

    killed.kill();
    let server = start("look", "DATABASE_URL", &db.url()).says();
    assert!(server.starts_with("DATABASE_URL (PostgreSQL "), "{server}");
    assert_eq!(ours(&name).await, 0);
    Ok(())
}

#[tokio::test]
async fn a_process_keeps_few_templates_and_none_at_its_end() -> Result<(), Error> {
    let db = TestDb::new().await?;
    let client = db.connect().await?;

    let mut process = start("come and go", "DATABASE_URL", &db.url());
    assert_eq!(process.says(), "has one");
    assert_eq!(templates(&client).await, 4);
    process.go_on();
    assert_eq!(process.says(), "has none");
    assert_eq!(templates(&client).await, 0);
    Ok(())
}

#[test]
fn a_server_that_cannot_be_reached() {
    let error = start("look", "DATABASE_URL", "postgres://ann@127.0.0.1:1/x").says();
    assert!(
        error.starts_with("DATABASE_URL cannot be used: error connecting"),
        "{error}"
    );
}
