//! One connection to the cluster.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::authentication::Authenticator;
use crate::config::ServerConfig;
use crate::error::{Error, Result, ResultExt, error_chain};

/// A connection and its JetStream context.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The NATS client.
    pub(crate) client: Client,
    /// The JetStream context of the client.
    pub(crate) jetstream: jetstream::Context,
    closed: CancellationToken,
}

impl Session {
    /// Waits until the connection is lost or invalidated.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Ends the session because the server does not respond.
    pub(crate) fn invalidate(&self, reason: &str) {
        if !self.closed.is_cancelled() {
            warn!(reason, "abandoning the connection");
            self.closed.cancel();
        }
    }
}

/// Connects to the first server that accepts a connection.
pub(crate) async fn connect_to_any(server: &ServerConfig, name: &str) -> Result<Session> {
    let mut errors = Vec::new();
    for url in &server.urls {
        match connect(server, url, name).await {
            Ok(session) => return Ok(session),
            Err(error) => errors.push(error.to_string()),
        }
    }
    Err(Error::new(errors.join("\n")))
}

pub(super) async fn connect(server: &ServerConfig, url: &str, name: &str) -> Result<Session> {
    let closed = CancellationToken::new();
    let options = connect_options(server, &closed)?.name(name);
    let location = format!("{url}{}", if server.tls { " with TLS" } else { "" });
    let client =
        options.connect(url).await.map_err(|error| error_chain(&error)).context(location)?;
    let jetstream = ContextBuilder::new()
        .timeout(server.timeout)
        // Each route limits its own messages in flight.
        .max_ack_inflight(1 << 20)
        .build(client.clone());
    Ok(Session { client, jetstream, closed })
}

fn connect_options(server: &ServerConfig, closed: &CancellationToken) -> Result<ConnectOptions> {
    let authenticator = Arc::new(Authenticator::new(server)?);
    let closed_by_event = closed.clone();
    let mut options = ConnectOptions::with_auth_callback(move |nonce| {
        let authenticator = Arc::clone(&authenticator);
        async move { authenticator.respond(&nonce) }
    })
    .event_callback(move |event| {
        match event {
            Event::Disconnected | Event::Closed | Event::SlowConsumer(_) => {
                closed_by_event.cancel();
            }
            Event::ServerError(error) => warn!(%error, "the server reported an error"),
            _ => {}
        }
        async {}
    })
    .connection_timeout(server.timeout)
    .request_timeout(Some(server.timeout))
    .ping_interval(server.timeout.max(Duration::from_secs(1)))
    .require_tls(server.tls)
    // A client is used for one connection only. `Authenticator` rejects its second attempt.
    .max_reconnects(1)
    .ignore_discovered_servers();
    if let Some(ca) = &server.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &server.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(options)
}
