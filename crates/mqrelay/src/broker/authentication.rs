//! Authenticates to the server: user and password, or credentials. Each client can do so once.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::{Auth, AuthError};
use nkeys::KeyPair;

use crate::config::ServerConfig;
use crate::error::{Error, Result, ResultExt};

#[derive(Debug)]
pub(super) struct Authenticator {
    user: Option<(String, String)>,
    credentials: Option<(String, KeyPair)>,
    is_used: AtomicBool,
}

impl Authenticator {
    pub(super) fn new(server: &ServerConfig) -> Result<Self> {
        let credentials = match &server.credentials {
            Some(path) => {
                let location = format!("credentials {}", path.display());
                let text = fs::read_to_string(path).context(&location)?;
                Some(parse_credentials(&text).map_err(|error| error.context(&location))?)
            }
            None => None,
        };
        Ok(Self { user: server.user.clone(), credentials, is_used: AtomicBool::new(false) })
    }

    /// Responds to the server's nonce. A second call, from a client that reconnects, is an error,
    /// which ends that client.
    pub(super) fn respond(&self, nonce: &[u8]) -> std::result::Result<Auth, AuthError> {
        if self.is_used.swap(true, Ordering::Relaxed) {
            return Err(AuthError::new("this client is for a single connection"));
        }
        let mut auth = Auth::new();
        if let Some((user, password)) = &self.user {
            auth.username = Some(user.clone());
            auth.password = Some(password.clone());
        }
        if let Some((jwt, key)) = &self.credentials {
            auth.signature = Some(key.sign(nonce).map_err(AuthError::new)?);
            auth.jwt = Some(jwt.clone());
        }
        Ok(auth)
    }
}

/// Parses a credentials file: a JWT and a seed, each between two lines of dashes.
fn parse_credentials(text: &str) -> Result<(String, KeyPair)> {
    let mut sections = text.split("-----BEGIN ").skip(1).filter_map(|section| {
        let inside = section.split_once("-----")?.1.split("-----").next()?;
        Some(inside.trim())
    });
    let (Some(jwt), Some(seed)) = (sections.next(), sections.next()) else {
        return Err(Error::new("a JWT and a seed are required, each between lines of dashes"));
    };
    Ok((jwt.to_owned(), KeyPair::from_seed(seed).context("the seed")?))
}
