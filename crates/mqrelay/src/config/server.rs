//! The cluster, and who we are to it, of the command line, the file and the environment.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file;
use super::validate::seconds;
use crate::args::Args;
use crate::error::{Error, Result, ResultExt};

/// The cluster, and who we are to it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Any of them will do.
    pub urls: Vec<String>,
    /// A user's name and password.
    pub user: Option<(String, String)>,
    /// A file with JWT and seed.
    pub credentials: Option<PathBuf>,
    /// Certificates of authorities.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether to refuse to talk without TLS.
    pub tls: bool,
    /// How long to wait for an answer before the connection is given up.
    pub timeout: Duration,
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerConfig").field("urls", &self.urls).finish_non_exhaustive()
    }
}

pub(super) fn merge(args: &Args, file: file::ServerTable) -> Result<ServerConfig> {
    let urls = match (&args.server, file.urls) {
        (given, Some(urls)) if given.is_empty() => urls,
        (given, _) if given.is_empty() => vec!["nats://127.0.0.1:4222".to_owned()],
        (given, _) => given.clone(),
    };
    for url in &urls {
        if url.contains('@') {
            return Err(Error::new(
                "a server's URL must hold no password, which every user of the machine could read: \
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
            let missing = "a user has no password: set MQRELAY_PASSWORD, or server.password_file";
            return Err(Error::new(missing));
        }
        (None, Some(_)) => {
            return Err(Error::new("a password has no user: set MQRELAY_USER, or server.user"));
        }
    };
    let certificate = match (file.certificate, file.key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Error::new("server.certificate and server.key belong together")),
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
