//! One connection to the cluster.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::authentication::Identity;
use crate::config::Server;
use crate::error::{Error, Result, Within, whole};

/// A connection, while it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// For requests.
    pub(crate) client: Client,
    /// For streams.
    pub(crate) jetstream: jetstream::Context,
    ended: CancellationToken,
}

impl Session {
    /// Waits until the connection is lost or given up.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Gives the connection up, because nothing is heard through it.
    pub(crate) fn give_up(&self, why: &str) {
        if !self.ended.is_cancelled() {
            warn!(why, "giving up the connection");
            self.ended.cancel();
        }
    }
}

/// Makes one connection, to the first server that will have it.
pub(crate) async fn connect_to_any(server: &Server, name: &str) -> Result<Session> {
    let mut troubles = Vec::new();
    for url in &server.urls {
        match connect(server, url, name).await {
            Ok(session) => return Ok(session),
            Err(error) => troubles.push(error.to_string()),
        }
    }
    Err(Error::new(troubles.join("\n")))
}

pub(super) async fn connect(server: &Server, url: &str, name: &str) -> Result<Session> {
    let ended = CancellationToken::new();
    let options = options(server, &ended)?.name(name);
    let place = format!("{url}{}", if server.tls { " by TLS" } else { "" });
    let client = options.connect(url).await.map_err(|error| whole(&error)).within(place)?;
    let jetstream = ContextBuilder::new()
        .timeout(server.timeout)
        // What is in flight is bounded by each route.
        .max_ack_inflight(1 << 20)
        .build(client.clone());
    Ok(Session { client, jetstream, ended })
}

fn options(server: &Server, ended: &CancellationToken) -> Result<ConnectOptions> {
    let identity = Arc::new(Identity::new(server)?);
    let on_event = ended.clone();
    let mut options = ConnectOptions::with_auth_callback(move |nonce| {
        let identity = Arc::clone(&identity);
        async move { identity.answer(&nonce) }
    })
    .event_callback(move |event| {
        match event {
            Event::Disconnected | Event::Closed | Event::SlowConsumer(_) => on_event.cancel(),
            Event::ServerError(error) => warn!(%error, "the server says"),
            _ => {}
        }
        async {}
    })
    .connection_timeout(server.timeout)
    .request_timeout(Some(server.timeout))
    .ping_interval(server.timeout.max(Duration::from_secs(1)))
    .require_tls(server.tls)
    // A second attempt is one too many: see above, and the identity.
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
