//! Who we are to the server: asked for once a connection, and never again by the same client.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::{Auth, AuthError};
use nkeys::KeyPair;

use crate::config::Server;
use crate::error::{Error, Result, Within};

#[derive(Debug)]
pub(super) struct Identity {
    user: Option<(String, String)>,
    credentials: Option<(String, KeyPair)>,
    is_used: AtomicBool,
}

impl Identity {
    pub(super) fn new(server: &Server) -> Result<Self> {
        let credentials = match &server.credentials {
            Some(path) => {
                let place = format!("credentials {}", path.display());
                let text = fs::read_to_string(path).within(&place)?;
                Some(parse(&text).map_err(|error| error.within(&place))?)
            }
            None => None,
        };
        Ok(Self { user: server.user.clone(), credentials, is_used: AtomicBool::new(false) })
    }

    /// What to tell the server. A client that lost its connection is refused, which ends it.
    pub(super) fn answer(&self, nonce: &[u8]) -> std::result::Result<Auth, AuthError> {
        if self.is_used.swap(true, Ordering::Relaxed) {
            return Err(AuthError::new("this client was for one connection"));
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

/// The JWT and the seed of a credentials file: what is between two lines of dashes.
fn parse(text: &str) -> Result<(String, KeyPair)> {
    let mut blocks = text.split("-----BEGIN ").skip(1).filter_map(|block| {
        let inside = block.split_once("-----")?.1.split("-----").next()?;
        Some(inside.trim())
    });
    let (Some(jwt), Some(seed)) = (blocks.next(), blocks.next()) else {
        return Err(Error::new("a JWT and a seed are needed, each between lines of dashes"));
    };
    Ok((jwt.to_owned(), KeyPair::from_seed(seed).within("the seed")?))
}
