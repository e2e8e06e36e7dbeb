use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use orm_core::{Db, StatementLog};
use tokio_postgres::{Client, Config};

use crate::{Error, Proxy, Server, server, template::Template, url};

/// A database of a test's own, dropped together with this value.
///
/// When `drop` returns, the database is gone, whoever was still connected to it, and also if the
/// test panics. What a killed process leaves is dropped by the next one that starts.
#[derive(Debug)]
pub struct TestDb {
    server: &'static Server,
    /// Also the `application_name` of `session`, by which other processes see that it is in use.
    name: String,
    session: Arc<Client>,
    log: StatementLog,
    template: Option<Template>,
    /// Whether it is a copy of that template, which therefore is whole.
    is_copy: bool,
}

impl TestDb {
    /// An empty database.
    ///
    /// # Errors
    ///
    /// Those of [`Server::shared`], and [`Error::Postgres`] if the database cannot be created.
    pub async fn new() -> Result<Self, Error> {
        let db = Self::reserve().await?;
        create(&db.session, &db.name, "template0").await?;
        Ok(db)
    }

    /// A database in which `schema`, any number of SQL statements, has been run.
    ///
    /// They run once for all databases with the same schema that exist at the same time, in
    /// whatever process: each is a copy of a template. A process keeps the last few templates for
    /// as long as it has any database, and drops them with the last one.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), and [`Error::Postgres`] if one of the statements fails.
    pub async fn with_schema(schema: &str) -> Result<Self, Error> {
        let mut db = Self::reserve().await?;
        let template = Template::of(&db.session, schema).await?;
        // Kept first: should making it fail, `drop` lets go of it.
        let template = db.template.insert(template);
        template
            .acquire(db.server, &db.session, &db.name, schema)
            .await?;
        create(&db.session, &db.name, template.name()).await?;
        db.is_copy = true;
        Ok(db)
    }

    /// Everything but the database, so that whatever happens from here on, `drop` cleans up.
    async fn reserve() -> Result<Self, Error> {
        let server = Server::shared().await?;
        let name = format!("unlazy_test_{}", server::token());
        let session = Arc::new(server.session(&name).await?);
        server.kept().enter();
        Ok(Self {
            server,
            name,
            session,
            log: StatementLog::new(),
            template: None,
            is_copy: false,
        })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A pool of connections to it, whose statements are recorded in [`log`](Self::log).
    ///
    /// # Errors
    ///
    /// Those of [`Db::connect`]. No connection is made yet.
    pub fn db(&self) -> orm_core::Result<Db> {
        Ok(Db::connect(&self.url())?.logged(&self.log))
    }

    /// The statements that were sent by the pools made with [`db`](Self::db).
    pub fn log(&self) -> &StatementLog {
        &self.log
    }

    /// How to connect to it with `tokio-postgres`.
    pub fn config(&self) -> Config {
        self.server.config(&self.name)
    }

    /// How to connect to it with anything else.
    pub fn url(&self) -> String {
        url::from_config(&self.config())
    }

    /// A new connection, run by the current runtime.
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
            .map_err(Error::postgres(format!("connecting to {}", self.name)))
    }

    /// A proxy in front of the database, `latency` away from it, that counts round trips.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot listen on 127.0.0.1.
    pub async fn proxy(&self, latency: Duration) -> Result<Proxy, Error> {
        Proxy::start(self.config(), latency, self.server.background()).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let server = self.server;
        let name = self.name.clone();
        let session = Arc::clone(&self.session);
        let template = self.template.take();
        let is_copy = self.is_copy;
        let (done, wait) = mpsc::channel::<()>();
        // Not on the current runtime, which may be blocked right here or shutting down.
        server.background().spawn(async move {
            if let Err(e) = remove(server, &name, &session, template, is_copy).await {
                eprintln!("{name}: {e}");
            }
            drop(done);
        });
        // An error is how the end of the task shows.
        let _ = wait.recv();
    }
}

pub(crate) async fn create(session: &Client, name: &str, template: &str) -> Result<(), Error> {
    session
        .batch_execute(&format!(
            r#"CREATE DATABASE "{name}" TEMPLATE "{template}""#
        ))
        .await
        .map_err(Error::postgres(format!("creating the database {name}")))
}

async fn remove(
    server: &Server,
    name: &str,
    session: &Client,
    mut template: Option<Template>,
    is_copy: bool,
) -> Result<(), Error> {
    server.kept().leave();
    let reconnected;
    let session = if session.is_closed() {
        reconnected = server.session(name).await?;
        &reconnected
    } else {
        session
    };
    let dropped = session
        .batch_execute(&format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#))
        .await
        .map_err(Error::postgres("dropping the database"));
    let half_made = template.take_if(|_| !is_copy);
    let kept = server.kept().dropped(server, session, template).await;
    let released = match half_made {
        Some(template) => template.release(session).await,
        None => Ok(()),
    };
    dropped.and(kept).and(released)
}

/// Drops the databases of processes that did not come to it.
///
/// Only those with a name of ours, of our own role, whose session is gone, and that nobody is
/// connected to.
pub(crate) async fn sweep(session: &Client) -> Result<(), Error> {
    let sql = "SELECT datname::text FROM pg_database AS database \
               WHERE datname ~ '^unlazy_test_[0-9a-f]{16}$' \
               AND pg_get_userbyid(datdba) = current_user \
               AND NOT EXISTS (SELECT FROM pg_stat_activity AS session \
               WHERE session.application_name = database.datname)";
    let doing = "looking for databases that were left behind";
    let abandoned = session
        .query(sql, &[])
        .await
        .map_err(Error::postgres(doing))?;
    for row in abandoned {
        let name: &str = row.get(0);
        // Fails if another process is dropping it too, or somebody is looking into it.
        let _ = session
            .batch_execute(&format!(r#"DROP DATABASE IF EXISTS "{name}""#))
            .await;
    }
    Ok(())
}
