//! The connection to the cluster: one for all routes, opened again after every failure.
//!
//! A NATS client that reconnects by itself sends what was left in its buffers. Messages that the
//! relay publishes again would then follow later ones. Each client is therefore used for a single
//! connection, and its unsent data is discarded with it; the journal still has the messages.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::config::ServerConfig;
use session::connect;

pub(crate) use provisioning::Provisioner;
pub(crate) use session::{Session, connect_to_any};

mod authentication;
mod provisioning;
mod session;

/// Keeps the relay connected and provides the current session.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    sessions: watch::Receiver<Option<Session>>,
    state: Arc<ConnectionState>,
}

#[derive(Debug, Default)]
struct ConnectionState {
    connections: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl Broker {
    /// Starts a task that keeps the relay connected until the token is cancelled.
    pub(crate) fn start(server: ServerConfig, name: String, stop: CancellationToken) -> Self {
        let (sender, sessions) = watch::channel(None);
        let state = Arc::new(ConnectionState::default());
        let broker = Self { sessions, state: Arc::clone(&state) };
        tokio::spawn(async move {
            tokio::select! {
                () = keep_connected(&server, &name, &sender, &state) => {}
                () = stop.cancelled() => {}
            }
        });
        broker
    }

    /// Returns the current session, or waits for the next one.
    pub(crate) async fn session(&self) -> Session {
        let mut sessions = self.sessions.clone();
        loop {
            if let Some(session) = sessions.borrow_and_update().clone()
                && !session.is_closed()
            {
                return session;
            }
            if sessions.changed().await.is_err() {
                // The relay is stopping, and so is the task that waits here.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns how many connections were established.
    pub(crate) fn connection_count(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// Returns why the relay is not connected; `None` while it is.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.state.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ConnectionState {
    fn set_last_error(&self, last_error: Option<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = last_error;
    }
}

async fn keep_connected(
    server: &ServerConfig,
    name: &str,
    sender: &watch::Sender<Option<Session>>,
    state: &ConnectionState,
) {
    state.set_last_error(Some("not connected yet".to_owned()));
    let mut backoff = Backoff::default();
    // A random start spreads the machines over the servers.
    let offset = crate::backoff::random_below(server.urls.len());
    for url in server.urls.iter().cycle().skip(offset) {
        match connect(server, url, name).await {
            Ok(session) => {
                let to = session.client.server_info();
                info!(url, server = to.server_name, version = to.version, "connected");
                state.connections.fetch_add(1, Ordering::Relaxed);
                state.set_last_error(None);
                backoff = Backoff::default();
                sender.send_replace(Some(session.clone()));
                session.closed().await;
                sender.send_replace(None);
                warn!(url, "disconnected");
                state.set_last_error(Some(format!("{url}: disconnected")));
            }
            Err(error) => {
                warn!(%error, "cannot connect");
                state.set_last_error(Some(error.to_string()));
            }
        }
        backoff.wait().await;
    }
}
