//! Distance to the server: a proxy that delivers each byte a fixed time after it has arrived.
//!
//! It has threads of its own and sleeps in them, since the timers of tokio count whole milliseconds. It never holds
//! anything back: what is sent while something else is on its way arrives right behind it.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::{Config, NoTls, config::Host};
use workload::BoxError;

use crate::statistics::Summary;

/// Starts the proxy, which lives as long as this process. Returns the URL of the same database behind it.
pub(crate) fn slowed(url: &str, latency: Duration) -> Result<String, BoxError> {
    let config: Config = url.parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut behind = Config::new();
    behind.host(Ipv4Addr::LOCALHOST.to_string());
    behind.port(listener.local_addr()?.port());
    if let Some(name) = config.get_dbname() {
        behind.dbname(name);
    }
    if let Some(user) = config.get_user() {
        behind.user(user);
    }
    if let Some(password) = config.get_password() {
        behind.password(password);
    }
    thread::spawn(move || {
        for client in listener.incoming() {
            let forwarded = client.and_then(|client| forward(client, &config, latency));
            if let Err(error) = forwarded {
                eprintln!("benches: the proxy cannot forward a connection: {error}");
            }
        }
    });
    database::url(&behind)
}

fn forward(client: TcpStream, config: &Config, latency: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    let client = Arc::new(Socket::Tcp(client));
    let server = Arc::new(Socket::connect(config)?);
    one_way(Arc::clone(&client), Arc::clone(&server), latency);
    one_way(server, client, latency);
    Ok(())
}

/// One thread reads without ever waiting for the other, which writes when it is time.
fn one_way(from: Arc<Socket>, to: Arc<Socket>, latency: Duration) {
    let (underway, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        // An error is the end of the connection, as for whoever is behind the other socket.
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + latency;
            if underway.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in arriving {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write(&bytes).is_err() {
                break;
            }
        }
        to.close();
    });
}

enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// To the first server of the configuration.
    fn connect(config: &Config) -> io::Result<Self> {
        let port = config.get_ports().first().copied().unwrap_or(5432);
        match config.get_hosts().first() {
            Some(Host::Tcp(name)) => {
                let stream = TcpStream::connect((name.as_str(), port))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            #[cfg(unix)]
            Some(Host::Unix(folder)) => {
                let path = folder.join(format!(".s.PGSQL.{port}"));
                Ok(Self::Unix(UnixStream::connect(path)?))
            }
            None => Err(io::Error::other("the URL names no server")),
        }
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => (&*stream).read(buffer),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => (&*stream).write_all(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => (&*stream).write_all(bytes),
        }
    }

    /// Says that nothing follows. The other direction ends when the other side has heard of it.
    fn close(&self) {
        // Fails where there is nobody left to be told.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

/// How long an empty query takes: the distance, together with what the proxy, the server and the client add to it.
pub(crate) async fn round_trip(url: &str) -> Result<Summary, BoxError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        client.simple_query("").await?;
        times.push(start.elapsed());
    }
    drop(client);
    connection.await??;
    Ok(Summary::of(&times))
}
