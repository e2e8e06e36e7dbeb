use std::{
    env, fmt,
    hash::{BuildHasher, RandomState},
    panic,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::OnceCell,
};
use tokio_postgres::{Client, Config, NoTls};

use crate::{Error, database, kept::Kept, template};

/// The PostgreSQL server that the tests of this process use.
///
/// `Display` says which one it is.
#[derive(Debug)]
pub struct Server {
    description: String,
    config: Config,
    /// Runs what must not end with the runtime of a single test.
    background: Handle,
    kept: Kept,
    /// Open for as long as this process lives: see `throwaway.rs`.
    #[cfg(unix)]
    _users: Option<std::fs::File>,
}

impl Server {
    /// Finds or starts the server, once per process: see the [crate's documentation](crate).
    ///
    /// [`TestDb`](crate::TestDb) does this on its own.
    ///
    /// # Errors
    ///
    /// If `DATABASE_URL` is set and no connection can be made with it, or its role may not create
    /// databases; if it is not set, and no server is there that can be started.
    pub async fn shared() -> Result<&'static Self, Error> {
        static SERVER: OnceCell<Server> = OnceCell::const_new();
        SERVER
            .get_or_try_init(|| async {
                let background = background().await?;
                join(background.spawn(Self::find(background.clone()))).await
            })
            .await
    }

    async fn find(background: Handle) -> Result<Self, Error> {
        let server = match env::var_os("DATABASE_URL").filter(|url| !url.is_empty()) {
            Some(url) => Self::from_url(&url.to_string_lossy(), background).await?,
            None => Self::throwaway(background).await?,
        };
        let session = server.session("unlazy sweep").await?;
        database::sweep(&session).await?;
        template::sweep(&session).await?;
        Ok(server)
    }

    async fn from_url(url: &str, background: Handle) -> Result<Self, Error> {
        let config: Config = url.parse().map_err(Error::DatabaseUrl)?;
        let version = version(&config).await.map_err(Error::DatabaseUrl)?;
        let client = connect(&config).await.map_err(Error::DatabaseUrl)?;
        let sql = "SELECT rolname::text, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user";
        let row = client
            .query_one(sql, &[])
            .await
            .map_err(Error::DatabaseUrl)?;
        if !row.get::<_, bool>(1) {
            return Err(Error::MayNotCreateDatabases { role: row.get(0) });
        }
        Ok(Self {
            description: format!("DATABASE_URL (PostgreSQL {version})"),
            config,
            background,
            kept: Kept::default(),
            #[cfg(unix)]
            _users: None,
        })
    }

    #[cfg(unix)]
    async fn throwaway(background: Handle) -> Result<Self, Error> {
        let server = crate::throwaway::join_or_start().await?;
        Ok(Self {
            description: server.description,
            config: server.config,
            background,
            kept: Kept::default(),
            _users: Some(server.users),
        })
    }

    #[cfg(not(unix))]
    async fn throwaway(_: Handle) -> Result<Self, Error> {
        Err(Error::NoServer)
    }

    /// The templates of this process.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    pub(crate) fn background(&self) -> &Handle {
        &self.background
    }

    /// How to reach the database called `name`.
    pub(crate) fn config(&self, name: &str) -> Config {
        let mut config = self.config.clone();
        config.dbname(name);
        config
    }

    /// A connection for administration, recognisable by its name, that no runtime of a test ends.
    pub(crate) async fn session(&self, name: &str) -> Result<Client, Error> {
        let mut config = self.config.clone();
        config.application_name(name);
        self.connect_in_background(config).await
    }

    pub(crate) async fn connect_in_background(&self, config: Config) -> Result<Client, Error> {
        join(self.background.spawn(async move { connect(&config).await }))
            .await
            .map_err(Error::postgres("connecting to the server"))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

/// A runtime with a thread of its own, that lives as long as the process.
async fn background() -> Result<Handle, Error> {
    static BACKGROUND: OnceCell<Runtime> = OnceCell::const_new();
    let build = || async {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("orm-test")
            .enable_all()
            .build()
    };
    let runtime = BACKGROUND.get_or_try_init(build).await;
    let runtime = runtime.map_err(Error::io("starting a runtime for connections"))?;
    Ok(runtime.handle().clone())
}

/// The result of a task in the background, which nothing cancels.
pub(crate) async fn join<T>(task: tokio::task::JoinHandle<T>) -> T {
    task.await
        .unwrap_or_else(|e| panic::resume_unwind(e.into_panic()))
}

/// Connects, and lets the current runtime run the connection.
pub(crate) async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    // Whatever ends it shows in the next query.
    tokio::spawn(connection);
    Ok(client)
}

/// The server's version, such as `17.2`.
pub(crate) async fn version(config: &Config) -> Result<String, tokio_postgres::Error> {
    let client = connect(config).await?;
    let row = client.query_one("SHOW server_version", &[]).await?;
    let version: &str = row.get(0);
    // Distributions add theirs: `17.2 (Debian 17.2-1)`.
    Ok(version.split(' ').next().unwrap_or(version).to_owned())
}

/// 16 hexadecimal digits that nobody else has.
pub(crate) fn token() -> String {
    // Randomly seeded in each thread of each process, and different on each call.
    let random = RandomState::new().hash_one(std::process::id());
    format!("{random:016x}")
}
