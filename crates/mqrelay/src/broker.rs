//! The connection to the cluster: one for the whole relay, made anew after every failure.
//!
//! A client of NATS reconnects by itself, and then sends what it had in its buffers before. Messages
//! published again after that would be behind later ones. So each client here lives for one
//! connection only, and with it goes what it had not sent: the journal has it all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::config::Server;
use crate::error::{Error, Result, Within};
use identity::Identity;

mod identity;
pub(crate) mod provision;

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

    /// Gives the connection up, because nothing is heard through it.
    pub(crate) fn give_up(&self, why: &str) {
        if !self.ended.is_cancelled() {
            warn!(why, "giving up the connection");
            self.ended.cancel();
        }
    }
}

/// Where sessions come from.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    sessions: watch::Receiver<Option<Session>>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    connections: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Broker {
    /// Begins to connect, and goes on until the token is cancelled.
    pub(crate) fn start(server: Server, name: String, stop: CancellationToken) -> Self {
        let (sender, sessions) = watch::channel(None);
        let state = Arc::new(State::default());
        let broker = Self { sessions, state: Arc::clone(&state) };
        tokio::spawn(async move {
            tokio::select! {
                () = keep_connected(&server, &name, &sender, &state) => {}
                () = stop.cancelled() => {}
            }
        });
        broker
    }

    /// The session there is, or the next one.
    pub(crate) async fn session(&self) -> Session {
        let mut sessions = self.sessions.clone();
        loop {
            if let Some(session) = sessions.borrow_and_update().clone()
                && !session.ended.is_cancelled()
            {
                return session;
            }
            if sessions.changed().await.is_err() {
                // The relay is stopping; whoever waits here is stopped too.
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// Why there is no connection now.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.state.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

async fn keep_connected(
    server: &Server,
    name: &str,
    sender: &watch::Sender<Option<Session>>,
    state: &State,
) {
    state.set_trouble(Some("not connected yet".to_owned()));
    let mut backoff = Backoff::default();
    // Not every machine begins with the same server.
    let first = crate::backoff::dice(server.urls.len());
    for url in server.urls.iter().cycle().skip(first) {
        match connect(server, url, name).await {
            Ok(session) => {
                let to = session.client.server_info();
                info!(url, server = to.server_name, version = to.version, "connected");
                state.connections.fetch_add(1, Ordering::Relaxed);
                state.set_trouble(None);
                backoff = Backoff::default();
                sender.send_replace(Some(session.clone()));
                session.ended().await;
                sender.send_replace(None);
                warn!(url, "disconnected");
                state.set_trouble(Some(format!("{url}: disconnected")));
            }
            Err(error) => {
                warn!(%error, "cannot connect");
                state.set_trouble(Some(error.to_string()));
            }
        }
        backoff.wait().await;
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

async fn connect(server: &Server, url: &str, name: &str) -> Result<Session> {
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

/// An error with what is behind it, which its own words often leave out.
pub(crate) fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = inner.source();
    }
    words
}
