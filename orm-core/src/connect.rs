//! From a connection string to a pool.

mod parameters;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslNegotiation};
use tokio_postgres::{Config, NoTls};

/// How long to wait for a connection unless the connection string says otherwise.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The highest `max_connections` that a PostgreSQL server accepts.
const MAX_CONNECTIONS: usize = 262_143;

/// What is wrong with a connection string. Never holds the password, nor anything that could be a part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The string is neither a URL nor a list of `key=value`, or the value of a driver's parameter is not valid.
    #[error("the connection string is not valid: {0}")]
    Malformed(String),

    /// The string has a parameter that does not exist.
    #[error("{}", parameters::unknown(.name.as_deref()))]
    UnknownParameter {
        /// The parameter. `None` if it may be a part of a password that was not quoted or percent-encoded.
        name: Option<String>,
    },

    /// A parameter has a value that it cannot have.
    #[error("`{parameter}` in the connection string must be {expected}")]
    InvalidValue {
        /// The parameter.
        parameter: &'static str,
        /// The values that it can have.
        expected: &'static str,
    },

    /// Two parameters contradict each other.
    #[error("the connection string contradicts itself: {0}")]
    Conflict(String),

    /// The connection string asks for TLS, and this build has none.
    #[error("`sslmode={mode}` needs TLS: enable the feature `tls` of `unlazy`")]
    TlsDisabled {
        /// The `sslmode` asked for.
        mode: &'static str,
    },

    /// The root certificates, which the server's certificate is to be checked against, cannot be used.
    #[error("the root certificates of {store} cannot be used: {reason}")]
    RootCertificates {
        /// The file named by `sslrootcert`, or the system.
        store: String,
        /// What is wrong with them.
        reason: String,
    },
}

/// Makes a pool from a connection string: see [`Db::connect`](crate::Db::connect).
pub(crate) fn pool(url: &str) -> Result<Pool, ConnectError> {
    let Settings {
        config,
        ssl_mode,
        roots,
        pool,
    } = Settings::parse(url)?;
    let manager = if ssl_mode == SslMode::Disable || uses_only_sockets(&config) {
        plain(config)
    } else {
        tls::manager(config, ssl_mode, roots)?
    };
    Ok(Pool::builder(manager)
        .config(pool)
        .runtime(Runtime::Tokio1)
        .build()
        .expect("a pool fails to build only for want of a runtime"))
}

/// `sslmode`, from the weakest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    const ALL: [Self; 6] = [
        Self::Disable,
        Self::Allow,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn parse(value: &str) -> Result<Self, ConnectError> {
        Self::ALL.into_iter().find(|mode| mode.name() == value).ok_or(ConnectError::InvalidValue {
            parameter: "sslmode",
            expected: "one of `disable`, `allow`, `prefer`, `require`, `verify-ca` and `verify-full`",
        })
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
enum Roots {
    System,
    File(PathBuf),
}

/// All that a connection string says.
#[derive(Debug)]
struct Settings {
    config: Config,
    ssl_mode: SslMode,
    roots: Option<Roots>,
    pool: PoolConfig,
}

impl Settings {
    fn parse(url: &str) -> Result<Self, ConnectError> {
        let (rest, ours) = parameters::split(url)?;
        let mut ssl_mode = None;
        let mut roots = None;
        let mut acquire_timeout = Some(ACQUIRE_TIMEOUT);
        let mut pool = PoolConfig::default();

        // The last of several wins, as in libpq.
        for (name, value) in ours {
            match name {
                "sslmode" => ssl_mode = Some(SslMode::parse(&value)?),
                "sslrootcert" => {
                    roots = match value.as_str() {
                        "" => None,
                        "system" => Some(Roots::System),
                        path => Some(Roots::File(path.into())),
                    }
                }
                "max_connections" => pool.max_size = max_connections(&value)?,
                _ => acquire_timeout = timeout(&value)?,
            }
        }
        pool.timeouts.wait = acquire_timeout;
        pool.timeouts.create = acquire_timeout;

        let mut config = rest.parse().map_err(malformed)?;
        complete_hosts(&mut config);
        let default = match roots {
            Some(Roots::System) => SslMode::VerifyFull,
            _ => SslMode::Prefer,
        };
        let settings = Self {
            config,
            ssl_mode: ssl_mode.unwrap_or(default),
            roots,
            pool,
        };
        settings.check()?;
        Ok(settings)
    }

    /// Refuses what would silently be weaker than it looks.
    fn check(&self) -> Result<(), ConnectError> {
        let mode = self.ssl_mode;
        let conflict = |message| Err(ConnectError::Conflict(message));
        if self.roots == Some(Roots::System) && mode < SslMode::VerifyFull {
            // Anyone can get a certificate that the system trusts, so the name has to be checked.
            return conflict(format!(
                "`sslrootcert=system` needs `sslmode=verify-full`, and cannot be used with `sslmode={mode}`"
            ));
        }
        if mode >= SslMode::Require
            && !uses_only_sockets(&self.config)
            && self.config.get_hosts().iter().any(is_socket)
        {
            return conflict(format!(
                "a Unix socket among the hosts has no TLS, which `sslmode={mode}` demands of the others"
            ));
        }
        let direct = self.config.get_ssl_negotiation() == SslNegotiation::Direct;
        if direct && mode < SslMode::Require {
            return conflict(format!(
                "`sslnegotiation=direct` needs an `sslmode` of `require` or stricter, and cannot be used with \
                 `sslmode={mode}`"
            ));
        }
        Ok(())
    }
}

fn max_connections(value: &str) -> Result<usize, ConnectError> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (1..=MAX_CONNECTIONS).contains(number));
    number.ok_or(ConnectError::InvalidValue {
        parameter: "max_connections",
        expected: "a whole number from 1 to 262143",
    })
}

fn timeout(value: &str) -> Result<Option<Duration>, ConnectError> {
    let seconds: u32 = value.parse().map_err(|_| ConnectError::InvalidValue {
        parameter: "acquire_timeout",
        expected: "a whole number of seconds, or 0 for no limit",
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}

/// The driver's own words are in the source of its error, and name the parameter but never its value.
fn malformed(error: tokio_postgres::Error) -> ConnectError {
    let reason = match error.into_source() {
        Some(source) => source.to_string(),
        None => "it cannot be parsed".into(),
    };
    ConnectError::Malformed(reason)
}

fn complete_hosts(config: &mut Config) {
    if !config.get_hosts().is_empty() {
        return;
    }
    let addresses: Vec<_> = config.get_hostaddrs().to_vec();
    for address in &addresses {
        // The driver makes no TLS connection without a host, not even one that does not check its name.
        config.host(address.to_string());
    }
    if addresses.is_empty() {
        // Where libpq looks, be it Debian's or PostgreSQL's own.
        #[cfg(unix)]
        config.host_path("/var/run/postgresql").host_path("/tmp");
        #[cfg(not(unix))]
        config.host("localhost");
    }
}

fn is_socket(host: &Host) -> bool {
    #[cfg(unix)]
    return matches!(host, Host::Unix(_));
    #[cfg(not(unix))]
    return false;
}

/// A `hostaddr` is connected to by TCP, even next to a socket's path in `host`.
fn uses_only_sockets(config: &Config) -> bool {
    config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket)
}

fn manager_config() -> ManagerConfig {
    ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    }
}

fn plain(mut config: Config) -> Manager {
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    Manager::from_config(config, NoTls, manager_config())
}

#[cfg(not(feature = "tls"))]
mod tls {
    use super::{Config, ConnectError, Manager, Roots, SslMode, plain};

    pub(super) fn manager(
        config: Config,
        mode: SslMode,
        _roots: Option<Roots>,
    ) -> Result<Manager, ConnectError> {
        if mode >= SslMode::Require {
            return Err(ConnectError::TlsDisabled { mode: mode.name() });
        }
        Ok(plain(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings::parse(url).expect(url)
    }

    fn error(url: &str) -> String {
        Settings::parse(url).expect_err(url).to_string()
    }

    #[test]
    fn the_defaults() {
        let settings = settings("postgres://localhost/db");
        assert_eq!(settings.ssl_mode, SslMode::Prefer);
        assert_eq!(settings.roots, None);
        assert_eq!(settings.pool.max_size, PoolConfig::default().max_size);
        assert_eq!(settings.pool.timeouts.wait, Some(Duration::from_secs(30)));
        assert_eq!(settings.pool.timeouts.create, Some(Duration::from_secs(30)));
    }

    #[test]
    fn both_forms_say_the_same() {
        let url = settings(
            "postgresql://me:p%40ss@host:5433/db?sslmode=verify%2Dca&connect_timeout=3&sslrootcert=%2Fa%20b%2Fca.pem\
             &max_connections=7&acquire_timeout=4&application_name=app",
        );
        let pairs = settings(
            r"host=host port=5433 user=me password='p@ss' dbname=db sslmode = 'verify-ca' connect_timeout=3
              sslrootcert=/a\ b/ca.pem max_connections=7 acquire_timeout=4 application_name=app",
        );
        assert_eq!(url.config, pairs.config);
        assert_eq!(
            url.config.get_connect_timeout(),
            Some(&Duration::from_secs(3))
        );
        for settings in [url, pairs] {
            assert_eq!(settings.ssl_mode, SslMode::VerifyCa);
            assert_eq!(settings.roots, Some(Roots::File("/a b/ca.pem".into())));
            assert_eq!(settings.pool.max_size, 7);
            assert_eq!(settings.pool.timeouts.wait, Some(Duration::from_secs(4)));
        }
    }

    #[test]
    fn every_mode_is_known_and_the_last_wins() {
        for mode in SslMode::ALL {
            let url = format!("postgres://h?sslmode=disable&sslmode={mode}");
            assert_eq!(settings(&url).ssl_mode, mode);
        }
    }

    #[test]
    fn a_wrong_value_names_the_parameter_and_what_it_can_be() {
        assert_eq!(
            error("postgres://h?sslmode=on"),
            "`sslmode` in the connection string must be one of `disable`, `allow`, `prefer`, `require`, `verify-ca` \
             and `verify-full`"
        );
        for value in ["0", "-1", "many", "262144", ""] {
            assert_eq!(
                error(&format!("postgres://h?max_connections={value}")),
                "`max_connections` in the connection string must be a whole number from 1 to 262143"
            );
        }
        assert_eq!(
            error("host=h acquire_timeout=1s"),
            "`acquire_timeout` in the connection string must be a whole number of seconds, or 0 for no limit"
        );
        assert_eq!(
            error("host=h port=abc"),
            "the connection string is not valid: invalid value for option `port`"
        );
    }

    #[test]
    fn no_acquire_timeout() {
        let timeouts = settings("host=h acquire_timeout=0").pool.timeouts;
        assert_eq!((timeouts.wait, timeouts.create), (None, None));
    }

    #[test]
    fn system_roots_need_the_name_checked() {
        assert_eq!(
            settings("host=h sslrootcert=system").ssl_mode,
            SslMode::VerifyFull
        );
        for mode in &SslMode::ALL[..5] {
            let error = error(&format!("host=h sslrootcert=system sslmode={mode}"));
            assert!(error.contains("needs `sslmode=verify-full`"), "{error}");
        }
    }

    #[test]
    fn direct_negotiation_needs_a_strict_mode() {
        assert!(error("host=h sslnegotiation=direct").contains("`sslmode=prefer`"));
        settings("host=h sslnegotiation=direct sslmode=require");
    }

    #[test]
    fn sockets_need_no_tls_and_addresses_do() {
        for url in [
            "postgres:///db?sslmode=verify-full",
            "postgres://%2Ftmp/db?sslmode=require",
            "postgres:///db?host=%2Ftmp&sslmode=require",
            "host=/tmp,/run sslmode=verify-full",
        ] {
            assert!(uses_only_sockets(&settings(url).config), "{url}");
            pool(url).expect(url);
        }
        assert!(!uses_only_sockets(
            &settings("host=/tmp hostaddr=127.0.0.1").config
        ));
        assert!(error("host=/tmp,h sslmode=require").contains("Unix socket"));
        assert!(error("host=/tmp hostaddr=127.0.0.1 sslmode=require").contains("Unix socket"));
        settings("host=/tmp,h");
    }

    #[test]
    fn an_address_alone_is_the_host_too() {
        let config = settings("hostaddr=127.0.0.1,::1").config;
        assert_eq!(
            config.get_hosts(),
            [Host::Tcp("127.0.0.1".into()), Host::Tcp("::1".into())]
        );
    }

    #[test]
    fn nothing_shows_the_password() {
        let pool = pool("postgres://me:hunter2@localhost/db").unwrap();
        assert!(!format!("{pool:?}").contains("hunter2"));
        assert!(!format!("{:?}", settings("host=h password=hunter2")).contains("hunter2"));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_the_feature_a_strict_mode_says_so() {
        for mode in ["disable", "allow", "prefer"] {
            pool(&format!("postgres://h?sslmode={mode}")).expect(mode);
        }
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = pool(&format!("postgres://h?sslmode={mode}"))
                .unwrap_err()
                .to_string();
            assert_eq!(
                error,
                format!("`sslmode={mode}` needs TLS: enable the feature `tls` of `unlazy`")
            );
        }
    }
}
