//! A PostgreSQL server with certificates.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

pub(crate) const PASSWORD: &str = "swordfish";

pub(crate) enum Certificate {
    /// No TLS at all.
    None,
    /// For `localhost`, by the CA in `ca.crt`.
    Signed,
    /// For `localhost`, a CA's certificate itself, as `openssl req -x509` makes it.
    SelfSigned,
    /// The same, but of the past.
    Expired,
}

/// A PostgreSQL server with its own data, which goes away with it.
pub(crate) struct Server {
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    programs: PathBuf,
}

impl Server {
    /// `None`, having said so, where PostgreSQL's own programs are not on this machine.
    pub(crate) fn start(certificate: Certificate) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!(
                "skipped: a server with certificates needs PostgreSQL's programs on this machine"
            );
            return None;
        };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tls-{}-{number}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self {
            dir,
            port,
            programs,
        };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&server.dir));
        }

        let data = server.file("data");
        run(&mut server.postgres(&format!("initdb -D {data} -U postgres -A trust --no-sync")));
        write_certificates(&server.dir, &certificate);
        if is_root() {
            run(Command::new("chown")
                .args(["-R", "postgres"])
                .arg(&server.dir));
        }
        run(Command::new("chmod")
            .arg("600")
            .arg(server.file("server.key")));

        // The administrator comes by the socket, everyone else with a password.
        let hba = "local all postgres trust\n\
                   hostssl all only_tls samehost scram-sha-256\n\
                   hostnossl all only_plain samehost scram-sha-256\n\
                   local all app scram-sha-256\n\
                   host all app samehost scram-sha-256\n";
        fs::write(server.dir.join("data/pg_hba.conf"), hba).unwrap();
        let ssl = if matches!(certificate, Certificate::None) {
            "off"
        } else {
            "on"
        };
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{dir}'\nfsync = off\n\
             ssl = {ssl}\nssl_cert_file = '{dir}/server.crt'\nssl_key_file = '{dir}/server.key'\n",
            dir = server.dir.display()
        );
        fs::write(server.dir.join("data/postgresql.conf"), settings).unwrap();

        let log = server.file("log");
        run(&mut server.postgres(&format!("pg_ctl -D {data} -l {log} -w start")));
        for role in ["app", "only_tls", "only_plain"] {
            let sql = format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'");
            let dir = server.dir.display();
            let psql = format!("psql -q -h {dir} -p {port} -U postgres -c \"{sql}\" postgres");
            run(&mut server.postgres(&psql));
        }
        Some(server)
    }

    /// The connection string with what all have in common. Of a parameter given twice the last counts.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!(
            "port={} dbname=postgres user=app password={PASSWORD} {parameters}",
            self.port
        )
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    /// One of PostgreSQL's programs, run as a user that it accepts.
    fn postgres(&self, command: &str) -> Command {
        let programs = self.programs.display();
        let command = format!("cd {} && {programs}/{command}", self.dir.display());
        let mut shell = if is_root() {
            let mut su = Command::new("su");
            su.args(["postgres", "-s", "/bin/sh"]);
            su
        } else {
            Command::new("sh")
        };
        shell.args(["-c", &command]);
        shell
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing here may panic: a failed test is already unwinding.
        let stop = format!(
            "pg_ctl -D {} -m immediate -w stop",
            self.dir.join("data").display()
        );
        let _ = self.postgres(&stop).output();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The folder of `initdb`: on the PATH, or the newest of the distribution's.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut distribution: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    distribution.sort();
    std::env::split_paths(&path)
        .chain(distribution.into_iter().rev())
        .find(|folder| folder.join("initdb").exists() && folder.join("psql").exists())
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    output
}

/// Writes `ca.crt`, `other.crt` (a CA that signed nothing), `server.crt` and `server.key`.
fn write_certificates(dir: &Path, certificate: &Certificate) {
    let ca = certificate_authority("the CA");
    fs::write(dir.join("ca.crt"), ca.pem()).unwrap();
    fs::write(
        dir.join("other.crt"),
        certificate_authority("another CA").pem(),
    )
    .unwrap();

    let key = KeyPair::generate().unwrap();
    fs::write(dir.join("server.key"), key.serialize_pem()).unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = match certificate {
        Certificate::None | Certificate::Signed => params.signed_by(&key, &ca).unwrap(),
        Certificate::SelfSigned | Certificate::Expired => {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            if matches!(certificate, Certificate::Expired) {
                params.not_after = rcgen::date_time_ymd(2020, 1, 1);
            }
            params.self_signed(&key).unwrap()
        }
    };
    fs::write(dir.join("server.crt"), server.pem()).unwrap();
}

fn certificate_authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}
