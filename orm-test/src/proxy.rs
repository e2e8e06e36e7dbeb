use std::{
    io, mem,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_postgres::{
    Client, Config,
    config::{Host, SslMode},
};

use crate::{Error, conversation::Conversation, server, url};

/// A network between a test and its database: slow, countable, and breakable.
///
/// What is sent arrives `latency` later, in each direction. Nothing else is slowed down: whatever is
/// sent without waiting for an answer travels together.
///
/// A **round trip** is a time that a client waited: it asks something, having the answer to what it
/// asked before. Everything that it asks before an answer arrives is part of the same round trip,
/// however many statements it is. So five queries joined on one connection are one round trip, and
/// five queries one after the other are five, plus one for each statement that has to be prepared.
/// What a driver sends on its own, and nobody waits for, does not count: closing a statement or the
/// connection.
///
/// The count does not depend on luck if the first answer takes longer than sending all that does not
/// depend on it: a `latency` of some milliseconds sees to that.
///
/// ```
/// # use std::time::Duration;
/// # use orm_test::{Error, TestDb};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let db = TestDb::new().await?;
/// let proxy = db.proxy(Duration::from_millis(5)).await?;
/// let client = proxy.connect().await?;
///
/// proxy.reset();
/// let (one, two) = tokio::join!(
///     client.simple_query("SELECT 1"),
///     client.simple_query("SELECT 2"),
/// );
/// assert_eq!(proxy.round_trips(), 1);
/// # one.and(two).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// When it is dropped, its connections are.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// Of the database behind it.
    config: Config,
    round_trips: Arc<AtomicUsize>,
    connections: Connections,
    accepting: AbortHandle,
}

type Connections = Arc<Mutex<JoinSet<()>>>;

impl Proxy {
    pub(crate) async fn start(
        config: Config,
        latency: Duration,
        background: &Handle,
    ) -> Result<Self, Error> {
        let round_trips = Arc::new(AtomicUsize::new(0));
        let connections = Connections::default();
        let network = Network {
            upstream: config.clone(),
            latency,
            round_trips: Arc::clone(&round_trips),
            connections: Arc::clone(&connections),
        };
        // Where no runtime of a test can end it or keep it waiting.
        let listen = background.spawn(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = server::join(listen)
            .await
            .and_then(|l| Ok((l.local_addr()?, l)));
        let (address, listener) = listener.map_err(Error::io("listening on 127.0.0.1"))?;
        let accepting = background.spawn(network.accept(listener)).abort_handle();
        Ok(Self {
            address,
            config,
            round_trips,
            connections,
            accepting,
        })
    }

    /// How to connect to the database through the proxy with `tokio-postgres`.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .host(self.address.ip().to_string())
            .port(self.address.port())
            .ssl_mode(SslMode::Disable);
        if let Some(user) = self.config.get_user() {
            config.user(user);
        }
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        if let Some(name) = self.config.get_dbname() {
            config.dbname(name);
        }
        if let Some(options) = self.config.get_options() {
            config.options(options);
        }
        config
    }

    /// How to connect to the database through the proxy with anything else, without TLS.
    pub fn url(&self) -> String {
        url::from_config(&self.config())
    }

    /// A new connection through the proxy, run by the current runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Postgres`] if the server does not accept it.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub async fn connect(&self) -> Result<Client, Error> {
        server::connect(&self.config())
            .await
            .map_err(Error::postgres("connecting through the proxy"))
    }

    /// How many round trips there were since the last [`reset`](Self::reset), on all connections
    /// taken together.
    ///
    /// Connecting is one as well: reset the count when connected.
    pub fn round_trips(&self) -> usize {
        self.round_trips.load(Ordering::SeqCst)
    }

    /// Counts from 0 again.
    pub fn reset(&self) {
        self.round_trips.store(0, Ordering::SeqCst);
    }

    /// Breaks all connections, as a network does that fails. New ones can be made.
    pub async fn disconnect(&self) {
        let mut broken = mem::take(&mut *lock(&self.connections));
        broken.shutdown().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        lock(&self.connections).abort_all();
    }
}

/// Nothing panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What runs in the background.
struct Network {
    upstream: Config,
    latency: Duration,
    round_trips: Arc<AtomicUsize>,
    connections: Connections,
}

impl Network {
    async fn accept(self, listener: TcpListener) {
        let network = Arc::new(self);
        loop {
            // Fails only for that connection, or for want of file descriptors, which may pass.
            let Ok((client, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let mut connections = lock(&network.connections);
            while connections.try_join_next().is_some() {}
            let network = Arc::clone(&network);
            // If it fails, both ends see their connection end, which is all there is to say.
            connections.spawn(async move {
                let _ = network.relay(client).await;
            });
        }
    }

    async fn relay(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let port = url::port(&self.upstream, 0);
        match self.upstream.get_hosts().first() {
            Some(Host::Tcp(host)) => {
                let upstream = TcpStream::connect((host.as_str(), port)).await?;
                upstream.set_nodelay(true)?;
                self.relay_to(client, upstream).await
            }
            #[cfg(unix)]
            Some(Host::Unix(folder)) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                let upstream = tokio::net::UnixStream::connect(socket).await?;
                self.relay_to(client, upstream).await
            }
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    async fn relay_to(
        &self,
        mut client: TcpStream,
        upstream: impl AsyncRead + AsyncWrite,
    ) -> io::Result<()> {
        let conversation = Mutex::new(Conversation::default());
        let (client_read, client_write) = client.split();
        let (upstream_read, upstream_write) = tokio::io::split(upstream);
        // Seen from the client: questions when they are sent, answers when they arrive.
        let questions = delay(
            client_read,
            upstream_write,
            self.latency,
            |sent| {
                let trips = lock(&conversation).asked(sent);
                self.round_trips.fetch_add(trips, Ordering::SeqCst);
            },
            |_| {},
        );
        let answers = delay(
            upstream_read,
            client_write,
            self.latency,
            |_| {},
            |arriving| lock(&conversation).answered(arriving),
        );
        tokio::try_join!(questions, answers)?;
        Ok(())
    }
}

/// Carries bytes from one end to the other in `latency`, until there are no more.
async fn delay(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    latency: Duration,
    mut on_read: impl FnMut(&[u8]),
    mut on_write: impl FnMut(&[u8]),
) -> io::Result<()> {
    /// Chunks under way: enough not to slow anything down, and yet an end that does not read
    /// makes the other wait.
    const UNDER_WAY: usize = 1024;

    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let chunk = &buffer[..length];
            on_read(chunk);
            if sender
                .send((Instant::now() + latency, chunk.to_vec()))
                .await
                .is_err()
            {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = receiver.recv().await {
            sleep_until(due).await;
            on_write(&chunk);
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write)?;
    Ok(())
}
