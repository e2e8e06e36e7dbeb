//! TLS by rustls, checked as `sslmode` and `sslrootcert` say.

use std::convert::Infallible;
use std::path::Path;

use std::sync::Arc;
use std::{fmt, fs, io};

use deadpool_postgres::{ConfigConnectImpl, Connect, Manager};
use futures_util::future::BoxFuture;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as Attempt;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{ConnectError, Roots, SslMode, manager_config, plain};

/// What makes the pool's connections under a mode that has, or may have, TLS.
pub(super) fn manager(
    mut config: Config,
    mode: SslMode,
    roots: Option<Roots>,
) -> Result<Manager, ConnectError> {
    let (first, second) = match mode {
        SslMode::Disable => return Ok(plain(config)),
        SslMode::Allow => (Attempt::Disable, Some(Attempt::Require)),
        SslMode::Prefer => (Attempt::Prefer, Some(Attempt::Disable)),
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Attempt::Require, None),
    };
    config.ssl_mode(first);
    let tls = Tls(MakeRustlsConnect::new(client_config(mode, roots)?));
    Ok(match second {
        None => Manager::from_config(config, tls, manager_config()),
        Some(second) => {
            let connect = WithFallback {
                connect: ConfigConnectImpl { tls },
                second,
            };
            Manager::from_connect(config, connect, manager_config())
        }
    })
}

fn client_config(mode: SslMode, roots: Option<Roots>) -> Result<ClientConfig, ConnectError> {
    let trusted = match (roots, mode) {
        (Some(Roots::File(path)), _) => Some(read_certificates(&path)?),
        (Some(Roots::System), _) | (None, SslMode::VerifyCa | SslMode::VerifyFull) => {
            Some(system_certificates()?)
        }
        (None, _) => None,
    };
    let check_name = mode == SslMode::VerifyFull;
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = Verifier::new(trusted, check_name, &provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // As libpq sends it; `sslnegotiation=direct` does not work without.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

/// The certificates that the server's has to be signed by.
#[derive(Debug)]
struct Trusted {
    roots: RootCertStore,
    /// Those of a file, as they are.
    certificates: Vec<CertificateDer<'static>>,
}

fn read_certificates(path: &Path) -> Result<Trusted, ConnectError> {
    let unusable = |reason: String| ConnectError::RootCertificates {
        store: format!("`sslrootcert={}`", path.display()),
        reason,
    };
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("the file has no certificate in PEM format".into()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| unusable(error.to_string()))?;
    }
    Ok(Trusted {
        roots,
        certificates,
    })
}

fn system_certificates() -> Result<Trusted, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system's store may have some that are too old to be parsed. They are of no use to anyone.
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(Trusted {
            roots,
            certificates: Vec::new(),
        });
    }
    let mut reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
    reasons.push("none found; install them, or name a file in `sslrootcert`".into());
    Err(ConnectError::RootCertificates {
        store: "the system".into(),
        reason: reasons.join("; "),
    })
}

/// Checks what the mode asks for, and always that the server holds the key of its certificate: channel binding
/// depends on that, whatever is known of the certificate.
#[derive(Debug)]
struct Verifier {
    trusted: Option<Trusted>,
    check_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(trusted: Option<Trusted>, check_name: bool, provider: &CryptoProvider) -> Self {
        Self {
            trusted,
            check_name,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trusted) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &trusted.roots,
            intermediates,
            now,
            self.algorithms.all,
        );
        match chain {
            Err(error) if is_ca(&error) && trusted.certificates.contains(end_entity) => {}
            chain => chain?,
        }
        if self.check_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether the server presents a CA's certificate as its own. `openssl req -x509` makes such ones, and who has such a
/// server gives the same file as `sslrootcert`. webpki refuses it, but only after it found it to be valid at this time.
fn is_ca(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(other))
        if other.0.to_string() == "CaUsedAsEndEntity")
}

/// The connector, with errors that tell a failed handshake from other failures.
#[derive(Clone)]
struct Tls(MakeRustlsConnect);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        let connect = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.0, host)?;
        Ok(Handshake {
            host: host.to_owned(),
            connect,
        })
    }
}

struct Handshake {
    host: String,
    connect: <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type Error = HandshakeError;
    type Future = BoxFuture<'static, Result<Self::Stream, HandshakeError>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Self { host, connect } = self;
            connect
                .connect(socket)
                .await
                .map_err(|cause| HandshakeError { host, cause })
        })
    }
}

/// A TLS handshake that failed: the server's certificate is refused, or the two have no version in common.
#[derive(Debug)]
struct HandshakeError {
    host: String,
    cause: io::Error,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no TLS connection to `{}`: {}", self.host, self.cause)?;
        f.write_str(match self.rustls_error() {
            Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                "; name the certificate of the authority that signed the server's in `sslrootcert`"
            }
            Some(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => {
                "; connect by a name that the certificate has as subject alternative name, or use `sslmode=verify-ca`"
            }
            Some(error) if is_ca(error) => {
                "; the certificate is an authority's: name this very one in `sslrootcert`"
            }
            _ => "",
        })
    }
}

impl std::error::Error for HandshakeError {}

impl HandshakeError {
    fn rustls_error(&self) -> Option<&rustls::Error> {
        self.cause.get_ref()?.downcast_ref()
    }
}

/// Connects again, in another mode, where libpq does for `allow` and `prefer`.
struct WithFallback {
    connect: ConfigConnectImpl<Tls>,
    second: Attempt,
}

impl Connect for WithFallback {
    fn connect(
        &self,
        config: &Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        let first = self.connect.connect(config);
        let mut config = config.clone();
        config.ssl_mode(self.second);
        Box::pin(async move {
            let error = match first.await {
                Err(error) if is_refused(&error) || is_handshake(&error) => error,
                result => return result,
            };
            match self.connect.connect(&config).await {
                // Refused in both modes: the first error says more, because it may have been the handshake.
                Err(second) if is_refused(&second) => Err(error),
                result => result,
            }
        })
    }
}

/// Whether pg_hba.conf lets nobody in this way.
fn is_refused(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

fn is_handshake(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<HandshakeError>())
}
