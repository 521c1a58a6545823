//! How to connect to the cluster: URLs, passwords, credentials and TLS.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file;
use super::validate::seconds;
use crate::args::Args;
use crate::error::{Error, Result, ResultExt};

/// How to connect to the cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The servers. One is used at a time.
    pub urls: Vec<String>,
    /// User name and password.
    pub user: Option<(String, String)>,
    /// A credentials file with a JWT and a seed.
    pub credentials: Option<PathBuf>,
    /// A PEM file of trusted certificate authorities.
    pub ca: Option<PathBuf>,
    /// PEM files of the client certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether to require TLS.
    pub tls: bool,
    /// How long the server may take to respond before the connection counts as lost.
    pub timeout: Duration,
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerConfig").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// Merges the sources. The command line and MQRELAY_SERVER take precedence over the file, and the
/// file over MQRELAY_USER and MQRELAY_PASSWORD.
pub(super) fn merge(args: &Args, file: file::ServerTable) -> Result<ServerConfig> {
    let urls = match (&args.server, file.urls) {
        (given, Some(urls)) if given.is_empty() => urls,
        (given, _) if given.is_empty() => vec!["nats://127.0.0.1:4222".to_owned()],
        (given, _) => given.clone(),
    };
    for url in &urls {
        if url.contains('@') {
            return Err(Error::new(
                "a server URL must not contain a password, which every user of the machine could read: \
                 set MQRELAY_USER and MQRELAY_PASSWORD, or user and password_file in [server]",
            ));
        }
        url.parse::<async_nats::ServerAddr>().context(format!("server {url:?}"))?;
    }
    let password = match &file.password_file {
        Some(path) => Some(read_password(path)?),
        None => env::var("MQRELAY_PASSWORD").ok(),
    };
    let user = match (file.user.or_else(|| env::var("MQRELAY_USER").ok()), password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => {
            let missing =
                "a user is given without a password: set MQRELAY_PASSWORD or server.password_file";
            return Err(Error::new(missing));
        }
        (None, Some(_)) => {
            return Err(Error::new(
                "a password is given without a user: set MQRELAY_USER or server.user",
            ));
        }
    };
    let certificate = match (file.certificate, file.key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Error::new("server.certificate and server.key must be given together")),
    };
    let ca = args.tls_ca.clone().or(file.ca);
    Ok(ServerConfig {
        urls,
        user,
        credentials: args.credentials.clone().or(file.credentials),
        tls: file.tls || ca.is_some() || certificate.is_some(),
        ca,
        certificate,
        timeout: seconds("server.timeout_seconds", file.timeout_seconds.unwrap_or(10), 1)?,
    })
}

fn read_password(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).context(format!("server.password_file {}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
