//! Databases to copy: one for each schema, shared by all processes.
//!
//! Advisory locks say who uses a template, so that the server forgets a user that was killed:
//!
//! - the *use* lock: shared by all users of the template; who gets it for itself may drop it;
//! - the *turn* lock: held while a template is made or dropped.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tokio_postgres::Client;

use crate::{Error, Server, database};

const LOCK_TURN: &str = "SELECT pg_advisory_lock(hashtextextended($1, 1))";
const UNLOCK_TURN: &str = "SELECT pg_advisory_unlock(hashtextextended($1, 1))";
const LOCK_USE: &str = "SELECT pg_advisory_lock_shared(hashtextextended($1, 0))";
const UNLOCK_USE: &str = "SELECT pg_advisory_unlock_shared(hashtextextended($1, 0))";
const UNLOCK_ALL: &str = "SELECT pg_advisory_unlock_all()";
const TRY_LOCK_TURN: &str = "SELECT pg_try_advisory_lock(hashtextextended($1, 1))";
const TRY_LOCK_USE_ALONE: &str = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
const UNLOCK_USE_ALONE: &str = "SELECT pg_advisory_unlock(hashtextextended($1, 0))";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    name: String,
}

impl Template {
    /// The template for `schema`, which need not exist yet.
    pub(crate) async fn of(session: &Client, schema: &str) -> Result<Self, Error> {
        // The same for all processes, unlike the hashes of a `HashMap`.
        let mut hasher = DefaultHasher::new();
        schema.hash(&mut hasher);
        let schema = hasher.finish();
        let scope = scope(session).await?;
        Ok(Self {
            name: format!("unlazy_template_{scope}_{schema:016x}"),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes the template unless it exists, and keeps it from being dropped until
    /// [`end_use`](Self::end_use), or until the session ends.
    ///
    /// It is made under the name `scratch`.
    pub(crate) async fn acquire(
        &self,
        server: &Server,
        session: &Client,
        scratch: &str,
        schema: &str,
    ) -> Result<(), Error> {
        self.run(session, LOCK_TURN).await?;
        self.run(session, LOCK_USE).await?;
        let exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
        if !self.ask(session, exists).await? {
            self.make(server, session, scratch, schema).await?;
        }
        self.run(session, UNLOCK_TURN).await
    }

    async fn make(
        &self,
        server: &Server,
        session: &Client,
        scratch: &str,
        schema: &str,
    ) -> Result<(), Error> {
        database::create(session, scratch, "template0").await?;
        let client = server.connect_in_background(server.config(scratch)).await?;
        client
            .batch_execute(schema)
            .await
            .map_err(Error::postgres("running the schema"))?;
        drop(client);
        // Renamed when complete: what is called a template is one. This waits for the client's
        // connection to end.
        let rename = format!(
            r#"ALTER DATABASE "{scratch}" RENAME TO "{name}"; ALTER DATABASE "{name}" ALLOW_CONNECTIONS false"#,
            name = self.name
        );
        session
            .batch_execute(&rename)
            .await
            .map_err(Error::postgres("making a template"))
    }

    /// Ends what [`acquire`](Self::acquire) has begun, however far it came, and drops the template if nobody else uses it.
    pub(crate) async fn release(&self, session: &Client) -> Result<(), Error> {
        session
            .batch_execute(UNLOCK_ALL)
            .await
            .map_err(Error::postgres(format!("unlocking {}", self.name)))?;
        self.drop_if_unused(session).await
    }

    /// Keeps a template that is in use from being dropped when that use ends.
    pub(crate) async fn begin_use(&self, session: &Client) -> Result<(), Error> {
        self.run(session, LOCK_USE).await
    }

    pub(crate) async fn end_use(&self, session: &Client) -> Result<(), Error> {
        self.run(session, UNLOCK_USE).await
    }

    pub(crate) async fn drop_if_unused(&self, session: &Client) -> Result<(), Error> {
        if !self.take_turn(session).await? {
            return Ok(());
        }
        let mut dropped = Ok(());
        if self.ask(session, TRY_LOCK_USE_ALONE).await? {
            dropped = session
                .batch_execute(&format!(r#"DROP DATABASE IF EXISTS "{}""#, self.name))
                .await
                .map_err(Error::postgres(format!("dropping {}", self.name)));
            self.run(session, UNLOCK_USE_ALONE).await?;
        }
        self.run(session, UNLOCK_TURN).await?;
        dropped
    }

    /// Waits for the turn, but not for long: a drop takes milliseconds, and who makes the template is about to use it, and drops it
    /// then. It may be a future of the thread that waits here.
    async fn take_turn(&self, session: &Client) -> Result<bool, Error> {
        for _ in 0..100 {
            if self.ask(session, TRY_LOCK_TURN).await? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(false)
    }

    /// Runs a statement about the template's name.
    async fn run(&self, session: &Client, sql: &str) -> Result<(), Error> {
        session
            .execute(sql, &[&self.name])
            .await
            .map_err(Error::postgres(format!("locking {}", self.name)))?;
        Ok(())
    }

    /// Asks a yes-or-no question about the template's name.
    async fn ask(&self, session: &Client, sql: &str) -> Result<bool, Error> {
        session
            .query_one(sql, &[&self.name])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(Error::postgres(format!("looking for {}", self.name)))
    }
}

/// What shares its templates: advisory locks are those of one database, and only its owner may copy
/// a template.
async fn scope(session: &Client) -> Result<String, Error> {
    let sql = "SELECT lpad(to_hex(hashtext(current_database() || '/' || current_user)), 8, '0')";
    session
        .query_one(sql, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(Error::postgres("asking for the current database and role"))
}

/// Drops the templates whose users were all killed.
pub(crate) async fn sweep(session: &Client) -> Result<(), Error> {
    let doing = "looking for templates that were left behind";
    let pattern = format!("^unlazy_template_{}_[0-9a-f]{{16}}$", scope(session).await?);
    let sql = "SELECT datname::text FROM pg_database \
               WHERE datname ~ $1 AND pg_get_userbyid(datdba) = current_user";
    let templates = session
        .query(sql, &[&pattern])
        .await
        .map_err(Error::postgres(doing))?;
    for row in templates {
        let template = Template { name: row.get(0) };
        template.drop_if_unused(session).await?;
    }
    Ok(())
}
