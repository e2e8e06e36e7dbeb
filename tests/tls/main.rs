//! `sslmode` and `sslrootcert` against servers of the test's own, with TLS and without.

mod server;

use std::fs;
use std::net::TcpListener;

use unlazy::Db;

use crate::server::{Certificate, PASSWORD, Server};

/// Connects by a connection string, and says whether by TLS.
async fn connect(url: &str) -> Result<bool, String> {
    let db = Db::connect(url).map_err(|error| error.to_string())?;
    let client = db.pool().get().await.map_err(|error| chain(&error))?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = client
        .query_one(sql, &[])
        .await
        .map_err(|error| chain(&error))?;
    Ok(row.get(0))
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

const TLS: Result<bool, &str> = Ok(true);
const PLAIN: Result<bool, &str> = Ok(false);

/// Connects once per case and compares: what the connection is, or a part of its error.
async fn check(server: &Server, cases: &[(&str, Result<bool, &str>)]) {
    for (parameters, expected) in cases {
        let result = connect(&server.url(parameters)).await;
        let as_expected = match (&result, expected) {
            (Ok(tls), Ok(expected)) => tls == expected,
            (Err(error), Err(part)) => error.contains(part),
            _ => false,
        };
        assert!(
            as_expected,
            "{parameters}: {result:?}, expected {expected:?}"
        );
        assert!(!format!("{result:?}").contains(PASSWORD), "{result:?}");
    }
}

#[tokio::test]
async fn a_server_with_tls() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    let ca = server.file("ca.crt");
    let other = server.file("other.crt");
    check(
        &server,
        &[
            ("host=localhost", TLS),
            ("host=localhost sslmode=disable", PLAIN),
            ("host=localhost sslmode=allow", PLAIN),
            ("host=localhost sslmode=prefer", TLS),
            (
                &format!("host=localhost sslmode=prefer sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=localhost sslmode=prefer sslrootcert={other}"),
                PLAIN,
            ),
            // Nothing is checked, unless there is something to check against.
            ("host=localhost sslmode=require", TLS),
            ("host=127.0.0.1 sslmode=require", TLS),
            (
                &format!("host=localhost sslmode=require sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=127.0.0.1 sslmode=require sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=localhost sslmode=require sslrootcert={other}"),
                Err("in `sslrootcert`"),
            ),
            // The chain.
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=127.0.0.1 sslmode=verify-ca sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={other}"),
                Err("UnknownIssuer"),
            ),
            // The chain and the name.
            (
                &format!("host=localhost sslmode=verify-full sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=localhost sslmode=verify-full sslrootcert={other}"),
                Err("UnknownIssuer"),
            ),
            (
                &format!("host=127.0.0.1 sslmode=verify-full sslrootcert={ca}"),
                Err("subject alternative name"),
            ),
            (
                &format!("host=localhost hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=db.example hostaddr=127.0.0.1 sslmode=verify-ca sslrootcert={ca}"),
                TLS,
            ),
            (
                &format!("host=db.example hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={ca}"),
                Err("no TLS connection to `db.example`"),
            ),
            ("hostaddr=127.0.0.1 sslmode=require", TLS),
            ("hostaddr=127.0.0.1", TLS),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_server_without_tls() {
    let Some(server) = Server::start(Certificate::None) else {
        return;
    };
    let ca = server.file("ca.crt");
    let refused = Err("server does not support TLS");
    check(
        &server,
        &[
            ("host=localhost", PLAIN),
            ("host=localhost sslmode=disable", PLAIN),
            ("host=localhost sslmode=allow", PLAIN),
            ("host=localhost sslmode=prefer", PLAIN),
            ("host=localhost sslmode=require", refused),
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={ca}"),
                refused,
            ),
            (
                &format!("host=localhost sslmode=verify-full sslrootcert={ca}"),
                refused,
            ),
            (
                "host=localhost channel_binding=require",
                Err("channel binding"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_url_form_means_the_same() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    let port = server.port;
    let ca = server.file("ca.crt").replace('/', "%2F");
    let url = |query: &str| format!("postgres://app:{PASSWORD}@localhost:{port}/postgres?{query}");
    assert_eq!(connect(&url("")).await, Ok(true));
    assert_eq!(connect(&url("sslmode=disable")).await, Ok(false));
    let full =
        format!("application_name=a%20b&sslmode=verify-full&sslrootcert={ca}&connect_timeout=5");
    assert_eq!(connect(&url(&full)).await, Ok(true));
}

#[tokio::test]
async fn roots_that_cannot_be_read() {
    let Some(server) = Server::start(Certificate::None) else {
        return;
    };
    let missing = server.file("missing.crt");
    let key = server.file("server.key");
    fs::write(&key, "no certificate").unwrap();
    check(
        &server,
        &[
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={missing}"),
                Err("No such file"),
            ),
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={key}"),
                Err("no certificate in PEM"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_certificates_of_the_system_do_not_sign_ours() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    for parameters in [
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslrootcert=system",
    ] {
        // A machine without any has nothing to check against, which is an error too.
        let error = connect(&server.url(&format!("host=localhost {parameters}")))
            .await
            .unwrap_err();
        assert!(
            error.contains("UnknownIssuer") || error.contains("none found"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_its_own_root() {
    let Some(server) = Server::start(Certificate::SelfSigned) else {
        return;
    };
    let own = server.file("server.crt");
    let ca = server.file("ca.crt");
    check(
        &server,
        &[
            ("host=localhost sslmode=require", TLS),
            (
                &format!("host=localhost sslmode=verify-full sslrootcert={own}"),
                TLS,
            ),
            (
                &format!("host=127.0.0.1 sslmode=verify-ca sslrootcert={own}"),
                TLS,
            ),
            (
                &format!("host=127.0.0.1 sslmode=verify-full sslrootcert={own}"),
                Err("subject alternative name"),
            ),
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={ca}"),
                Err("name this very one in"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let Some(server) = Server::start(Certificate::Expired) else {
        return;
    };
    let own = server.file("server.crt");
    check(
        &server,
        &[
            ("host=localhost sslmode=require", TLS),
            (
                &format!("host=localhost sslmode=verify-ca sslrootcert={own}"),
                Err("expired"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn scram_binds_to_the_channel() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    check(
        &server,
        &[
            ("host=localhost channel_binding=require", TLS),
            (
                "host=localhost sslmode=require channel_binding=require",
                TLS,
            ),
            (
                "host=localhost sslmode=disable channel_binding=require",
                Err("channel binding"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn allow_and_prefer_go_where_pg_hba_lets_them() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    check(
        &server,
        &[
            ("host=localhost user=only_tls sslmode=allow", TLS),
            ("host=localhost user=only_tls sslmode=prefer", TLS),
            (
                "host=localhost user=only_tls sslmode=disable",
                Err("no encryption"),
            ),
            ("host=localhost user=only_plain sslmode=allow", PLAIN),
            ("host=localhost user=only_plain sslmode=prefer", PLAIN),
            (
                "host=localhost user=only_plain sslmode=require",
                Err("SSL encryption"),
            ),
            (
                "host=localhost user=nobody sslmode=prefer",
                Err("SSL encryption"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_socket_has_no_tls_in_any_mode() {
    let Some(server) = Server::start(Certificate::Signed) else {
        return;
    };
    let dir = server.dir.to_str().unwrap();
    for mode in [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ] {
        let pairs = server.url(&format!("host={dir} sslmode={mode}"));
        assert_eq!(connect(&pairs).await, Ok(false), "{pairs}");
        let dir = dir.replace('/', "%2F");
        let port = server.port;
        let url = format!("postgres://app:{PASSWORD}@{dir}:{port}/postgres?sslmode={mode}");
        assert_eq!(connect(&url).await, Ok(false), "{url}");
    }
}

#[tokio::test]
async fn waiting_for_a_connection_ends() {
    let Some(server) = Server::start(Certificate::None) else {
        return;
    };
    let url = server.url("host=localhost max_connections=1 acquire_timeout=1");
    let db = Db::connect(&url).unwrap();
    let _taken = db.pool().get().await.unwrap();
    let refused = unlazy::execute(unlazy::sql!("SELECT 1"), &db).await;
    assert!(matches!(refused, Err(unlazy::Error::PoolTimeout)));

    // A server that accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = connect(&format!(
        "host=127.0.0.1 port={port} user=a acquire_timeout=1"
    ))
    .await;
    assert!(error.unwrap_err().contains("Timeout"));
}
