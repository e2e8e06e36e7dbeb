//! Connection URLs: what other libraries and programs take.

use std::fmt::Write;

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// The URL of the same server, role and database as `config`.
pub(crate) fn from_config(config: &Config) -> String {
    let mut url = String::from("postgresql://");
    if let Some(user) = config.get_user() {
        encode(&mut url, user.as_bytes());
        if let Some(password) = config.get_password() {
            url.push(':');
            encode(&mut url, password);
        }
        url.push('@');
    }
    for (i, host) in config.get_hosts().iter().enumerate() {
        if i > 0 {
            url.push(',');
        }
        match host {
            Host::Tcp(host) if host.contains(':') => {
                url.push('[');
                url.push_str(host);
                url.push(']');
            }
            Host::Tcp(host) => encode(&mut url, host.as_bytes()),
            #[cfg(unix)]
            Host::Unix(path) => encode(&mut url, path.as_os_str().as_encoded_bytes()),
        }
        let _ = write!(url, ":{}", port(config, i));
    }
    url.push('/');
    if let Some(name) = config.get_dbname() {
        encode(&mut url, name.as_bytes());
    }
    let mut separator = '?';
    if config.get_ssl_mode() == SslMode::Disable {
        url.push_str("?sslmode=disable");
        separator = '&';
    }
    if let Some(options) = config.get_options() {
        url.push(separator);
        url.push_str("options=");
        encode(&mut url, options.as_bytes());
    }
    url
}

/// The port of the host at `index`: one may be given for all of them, or none.
pub(crate) fn port(config: &Config, index: usize) -> u16 {
    let ports = config.get_ports();
    ports.get(index).or(ports.first()).copied().unwrap_or(5432)
}

/// Percent-encodes all but the characters that mean nothing in any part of a URL.
fn encode(url: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trips(from: &str, url: &str) {
        let config: Config = from.parse().unwrap();
        assert_eq!(from_config(&config), url);
        let again: Config = url.parse().unwrap();
        assert_eq!(again.get_hosts(), config.get_hosts());
        assert_eq!(again.get_user(), config.get_user());
        assert_eq!(again.get_password(), config.get_password());
        assert_eq!(again.get_dbname(), config.get_dbname());
        assert_eq!(again.get_options(), config.get_options());
    }

    #[test]
    fn urls_and_key_value_strings() {
        round_trips("postgres://localhost", "postgresql://localhost:5432/");
        round_trips(
            "host=db.example.org port=5433 user=ann password='a b/c@d' dbname=x?y sslmode=disable",
            "postgresql://ann:a%20b%2Fc%40d@db.example.org:5433/x%3Fy?sslmode=disable",
        );
        round_trips(
            "host=a,b port=1,2 options='-c search_path=x'",
            "postgresql://a:1,b:2/?options=-c%20search_path%3Dx",
        );
    }

    #[test]
    #[cfg(unix)]
    fn unix_sockets() {
        round_trips(
            "host=/tmp/a-b user=postgres dbname=postgres",
            "postgresql://postgres@%2Ftmp%2Fa-b:5432/postgres",
        );
    }
}
