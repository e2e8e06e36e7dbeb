//! The database of the benchmark: on a server that is found or started, filled, and dropped with the value.

use std::fmt::Write;

use orm_test::TestDb;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use workload::{BoxError, KEYS, SCHEMA, Size, fill};

pub struct Database {
    test: TestDb,
}

impl Database {
    pub async fn filled(size: Size) -> Result<Self, BoxError> {
        let test = TestDb::new().await?;
        let client = test.connect().await?;
        client.batch_execute(SCHEMA).await?;
        client.batch_execute(&fill(size)).await?;
        client.batch_execute(KEYS).await?;
        client.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        Ok(Self { test })
    }

    /// A URL that all contenders understand.
    pub fn url(&self) -> Result<String, BoxError> {
        url(&self.test.config())
    }

    /// What the server says of itself.
    pub async fn version(&self) -> Result<String, BoxError> {
        let client = self.test.connect().await?;
        let row = client.query_one("SHOW server_version", &[]).await?;
        Ok(row.get(0))
    }
}

/// Everything as a parameter: only there does each of them take the folder of a Unix socket.
pub fn url(config: &Config) -> Result<String, BoxError> {
    let host = match config.get_hosts() {
        [Host::Tcp(name)] => name.clone(),
        #[cfg(unix)]
        [Host::Unix(folder)] => folder.display().to_string(),
        _ => return Err("the benchmark needs a server with one host".into()),
    };
    let mut url = format!("postgresql:///{}", config.get_dbname().unwrap_or_default());
    write!(url, "?host={}", encoded(host.as_bytes()))?;
    let port = config.get_ports().first().unwrap_or(&5432);
    write!(url, "&port={port}")?;
    if let Some(user) = config.get_user() {
        write!(url, "&user={}", encoded(user.as_bytes()))?;
    }
    if let Some(password) = config.get_password() {
        write!(url, "&password={}", encoded(password))?;
    }
    Ok(url)
}

fn encoded(text: &[u8]) -> String {
    text.iter().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
