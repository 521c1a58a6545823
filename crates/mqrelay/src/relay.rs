//! All routes of one machine: started, changed, drained.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error_span, info, warn};

use crate::broker::{Broker, Provisioner};
use crate::config::Config;
use crate::error::Result;
use crate::metrics::{self, Metrics};
use crate::route_context::RouteContext;
use route_task::{Route, RouteKey, RouteTask, supervise};

pub use check::check;

mod check;
mod route_task;

/// The running relay.
#[derive(Debug)]
pub struct Relay {
    config: Config,
    broker: Broker,
    metrics: Arc<Metrics>,
    routes: BTreeMap<RouteKey, RouteTask>,
    /// Removed by a reload, and not done yet with what they have.
    draining: BTreeMap<RouteKey, RouteTask>,
    metrics_server: Option<JoinHandle<()>>,
    stop: CancellationToken,
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
        let metrics_server = match config.listen {
            Some(address) => {
                Some(tokio::spawn(metrics::bind(address, Arc::clone(&metrics)).await?))
            }
            None => None,
        };
        let (routes, draining) = (BTreeMap::new(), BTreeMap::new());
        let mut relay = Self { config, broker, metrics, routes, draining, metrics_server, stop };
        relay.start_missing_routes();
        Ok(relay)
    }

    /// Stops the routes that the new configuration does not have, or has otherwise, and starts
    /// those that are new.
    pub fn reload(&mut self, config: Config) {
        let old = &self.config;
        if (&old.server, &old.journal_directory, &old.host, old.listen)
            != (&config.server, &config.journal_directory, &config.host, config.listen)
        {
            warn!("a change of server, journal, host or listen needs a restart");
        }
        let Config { outbound, inbound, create_missing, streams, drain_timeout, .. } = config;
        self.config =
            Config { create_missing, drain_timeout, outbound, inbound, streams, ..old.clone() };
        let desired_routes = self.desired_routes();
        let provisioner = Provisioner::new(&self.config);
        let (kept, removed): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.routes).into_iter().partition(|(key, running)| {
                desired_routes.get(key) == Some(&running.route)
                    && running.provisioner == provisioner
            });
        self.routes = kept;
        self.draining.retain(|_, running| !running.task.is_finished());
        for (key, running) in removed {
            info!(direction = key.0, route = key.1, "the route is stopped");
            running.stop.cancel();
            if !desired_routes.contains_key(&key) {
                self.metrics.remove_route(key.0, &key.1);
            }
            self.draining.insert(key, running);
        }
        self.start_missing_routes();
    }

    /// Takes no more, and waits until journals are empty and acknowledgements confirmed, or the
    /// time for that is over. What is left then is safe, and goes on at the next start.
    pub async fn drain(mut self) {
        let until = Instant::now() + self.config.drain_timeout;
        let mut all: Vec<_> = std::mem::take(&mut self.draining).into_values().collect();
        all.extend(std::mem::take(&mut self.routes).into_values());
        for running in &all {
            running.stop.cancel();
        }
        let mut left = 0;
        for mut running in all {
            if timeout_at(until, &mut running.task).await.is_err() {
                left += running.counters.pending();
                running.abort().await;
            }
        }
        if left > 0 {
            warn!(left, "journals still hold messages, which are published at the next start");
        }
        self.stop.cancel();
        if let Some(metrics_server) = self.metrics_server {
            metrics_server.abort();
        }
    }

    fn desired_routes(&self) -> BTreeMap<RouteKey, Route> {
        let outbound = self.config.outbound.iter().cloned().map(Route::Outbound);
        let all = outbound.chain(self.config.inbound.iter().cloned().map(Route::Inbound));
        all.map(|route| (route.key(), route)).collect()
    }

    fn start_missing_routes(&mut self) {
        for (key, route) in self.desired_routes() {
            if !self.routes.contains_key(&key) {
                let predecessor = self.draining.remove(&key);
                let running = self.start_route(route, predecessor);
                self.routes.insert(key, running);
            }
        }
    }

    /// Starts a route, which goes on with the journal of the predecessor one of its name.
    fn start_route(&self, route: Route, predecessor: Option<RouteTask>) -> RouteTask {
        let (direction, name) = route.key();
        let counters = self.metrics.counters_for(direction, &name);
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let provisioner = Provisioner::new(&self.config);
        let context = RouteContext {
            broker: self.broker.clone(),
            provisioner: provisioner.clone(),
            counters: Arc::clone(&counters),
            stop: stop.clone(),
            abort: abort.clone(),
        };
        let directory = self.config.journal_directory.join(format!("{direction}.{name}"));
        let span = error_span!("route", direction, route = name);
        let running = supervise(route.clone(), self.config.host.clone(), directory, context);
        let running = async move {
            if let Some(predecessor) = predecessor {
                predecessor.abort().await;
            }
            running.await;
        };
        let task = tokio::spawn(running.instrument(span));
        RouteTask { route, provisioner, counters, stop, abort, task }
    }
}
