//! All routes of one machine: started, changed, drained.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, error_span, info, warn};

use crate::backoff::Backoff;
use crate::broker::provision::Provision;
use crate::broker::{self, Broker};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::listen;
use crate::metrics::{Counters, Metrics};
use crate::out::Context;
use crate::route::{InRoute, OutRoute};
use crate::{inward, out};

/// The running relay.
#[derive(Debug)]
pub struct Relay {
    config: Config,
    broker: Broker,
    metrics: Arc<Metrics>,
    routes: BTreeMap<Key, Running>,
    /// Removed by a reload, and not done yet with what they have.
    retiring: BTreeMap<Key, Running>,
    listening: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

/// The direction, and the name.
type Key = (&'static str, String);

#[derive(Debug)]
struct Running {
    route: Route,
    provision: Provision,
    counters: Arc<Counters>,
    stop: CancellationToken,
    leave: CancellationToken,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Out(OutRoute),
    In(InRoute),
}

impl Route {
    fn key(&self) -> Key {
        match self {
            Self::Out(route) => ("out", route.name.clone()),
            Self::In(route) => ("in", route.name.clone()),
        }
    }
}

impl Relay {
    /// Starts what the configuration says. Neither the broker nor the queues need be there yet.
    ///
    /// # Errors
    ///
    /// If the address to listen on cannot be had.
    pub async fn start(config: Config) -> Result<Self> {
        let stop = CancellationToken::new();
        let name = format!("mqrelay {}", config.host);
        let broker = Broker::start(config.server.clone(), name, stop.clone());
        let metrics = Arc::new(Metrics::new(broker.clone()));
        let listening = match config.listen {
            Some(address) => Some(tokio::spawn(listen::bind(address, Arc::clone(&metrics)).await?)),
            None => None,
        };
        let (routes, retiring) = (BTreeMap::new(), BTreeMap::new());
        let mut relay = Self { config, broker, metrics, routes, retiring, listening, stop };
        relay.start_missing();
        Ok(relay)
    }

    /// Stops the routes that the new configuration does not have, or has otherwise, and starts
    /// those that are new.
    pub fn reload(&mut self, config: Config) {
        let old = &self.config;
        if (&old.server, &old.journal, &old.host, old.listen)
            != (&config.server, &config.journal, &config.host, config.listen)
        {
            warn!("a change of server, journal, host or listen needs a restart");
        }
        let Config { out, inward, create, streams, drain, .. } = config;
        self.config = Config { create, drain, out, inward, streams, ..old.clone() };
        let wanted = self.wanted();
        let provision = provision(&self.config);
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.routes).into_iter().partition(|(key, running)| {
                wanted.get(key) == Some(&running.route) && running.provision == provision
            });
        self.routes = kept;
        self.retiring.retain(|_, running| !running.task.is_finished());
        for (key, running) in gone {
            info!(direction = key.0, route = key.1, "the route is stopped");
            running.stop.cancel();
            if !wanted.contains_key(&key) {
                self.metrics.forget(key.0, &key.1);
            }
            self.retiring.insert(key, running);
        }
        self.start_missing();
    }

    /// Takes no more, and waits until journals are empty and acknowledgements confirmed, or the
    /// time for that is over. What is left then is safe, and goes on at the next start.
    pub async fn drain(mut self) {
        let until = Instant::now() + self.config.drain;
        let mut all: Vec<_> = std::mem::take(&mut self.retiring).into_values().collect();
        all.extend(std::mem::take(&mut self.routes).into_values());
        for running in &all {
            running.stop.cancel();
        }
        let mut left = 0;
        for mut running in all {
            if timeout_at(until, &mut running.task).await.is_err() {
                left += running.counters.pending();
                running.leave().await;
            }
        }
        if left > 0 {
            warn!(left, "journals still hold messages, which are published at the next start");
        }
        self.stop.cancel();
        if let Some(listening) = self.listening {
            listening.abort();
        }
    }

    fn wanted(&self) -> BTreeMap<Key, Route> {
        let out = self.config.out.iter().cloned().map(Route::Out);
        let all = out.chain(self.config.inward.iter().cloned().map(Route::In));
        all.map(|route| (route.key(), route)).collect()
    }

    fn start_missing(&mut self) {
        for (key, route) in self.wanted() {
            if !self.routes.contains_key(&key) {
                let former = self.retiring.remove(&key);
                let running = self.start_route(route, former);
                self.routes.insert(key, running);
            }
        }
    }

    /// Starts a route, which goes on with the journal of the former one of its name.
    fn start_route(&self, route: Route, former: Option<Running>) -> Running {
        let (direction, name) = route.key();
        let counters = self.metrics.route(direction, &name);
        let (stop, leave) = (CancellationToken::new(), CancellationToken::new());
        let provision = provision(&self.config);
        let context = Context {
            broker: self.broker.clone(),
            provision: provision.clone(),
            counters: Arc::clone(&counters),
            stop: stop.clone(),
            leave: leave.clone(),
        };
        let directory = self.config.journal.join(format!("{direction}.{name}"));
        let span = error_span!("route", direction, route = name);
        let running = keep_running(route.clone(), self.config.host.clone(), directory, context);
        let running = async move {
            if let Some(former) = former {
                former.leave().await;
            }
            running.await;
        };
        let task = tokio::spawn(running.instrument(span));
        Running { route, provision, counters, stop, leave, task }
    }
}

impl Running {
    /// Has it end without waiting for the broker.
    async fn leave(self) {
        self.leave.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "the route ended badly");
        }
    }
}

fn provision(config: &Config) -> Provision {
    Provision { create: config.create, plans: config.streams.clone() }
}

/// Runs a route again and again, until it ends well.
async fn keep_running(route: Route, host: String, directory: PathBuf, context: Context) {
    let mut backoff = Backoff::default();
    loop {
        let outcome = match route.clone() {
            Route::Out(route) => out::run(route, host.clone(), &directory, context.clone()).await,
            Route::In(route) => tokio::select! {
                outcome = inward::run(route, &directory, context.clone()) => outcome,
                () = context.leave.cancelled() => Ok(()),
            },
        };
        let Err(error) = outcome else {
            return;
        };
        error!(%error, "the route does not run; trying again");
        context.counters.set_trouble("route", Some(error.to_string()));
        tokio::select! {
            () = backoff.wait() => {}
            () = context.stop.cancelled() => return,
        }
        context.counters.set_trouble("route", None);
    }
}

/// Connects once, and sees whether everything is there that the routes need: `--check`.
///
/// # Errors
///
/// All that is missing, a line each.
pub async fn check(config: &Config) -> Result<()> {
    let session = broker::connect_to_any(&config.server, "mqrelay --check").await?;
    let provision = provision(config);
    let mut missing = Vec::new();
    for route in &config.out {
        if let Err(error) = provision.out(&session, route).await {
            missing.push(error.within(format!("route out.{}", route.name)).to_string());
        }
    }
    for route in &config.inward {
        if let Err(error) = provision.inward(&session, route).await {
            missing.push(error.within(format!("route in.{}", route.name)).to_string());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::new(missing.join("\n"))) }
}
