//! Starts, reloads and drains the routes of one machine.

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

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    config: Config,
    broker: Broker,
    metrics: Arc<Metrics>,
    routes: BTreeMap<RouteKey, RouteTask>,
    /// Routes that a reload removed or changed and that have not ended yet.
    draining: BTreeMap<RouteKey, RouteTask>,
    metrics_server: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Relay {
    /// Starts the routes of a configuration. They wait for the broker and for missing queues.
    ///
    /// # Errors
    ///
    /// If the address for metrics cannot be bound.
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

    /// Applies a new configuration: stops routes that are removed or changed, and starts those that
    /// are new or changed.
    pub fn reload(&mut self, config: Config) {
        let old = &self.config;
        if (&old.server, &old.journal_directory, &old.host, old.listen)
            != (&config.server, &config.journal_directory, &config.host, config.listen)
        {
            warn!("changes of server, journal, host or listen take effect after a restart");
        }
        let Config { outbound, inbound, create_missing, streams, drain_timeout, .. } = config;
        self.config =
            Config { create_missing, drain_timeout, outbound, inbound, streams, ..old.clone() };
        let desired_routes = self.desired_routes();
        let provisioner = Provisioner::new(&self.config);
        let (kept, removed): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.routes).into_iter().partition(|(key, task)| {
                desired_routes.get(key) == Some(&task.route) && task.provisioner == provisioner
            });
        self.routes = kept;
        self.draining.retain(|_, task| !task.handle.is_finished());
        for (key, task) in removed {
            info!(direction = key.0, route = key.1, "stopping the route");
            task.stop.cancel();
            if !desired_routes.contains_key(&key) {
                self.metrics.remove_route(key.0, &key.1);
            }
            self.draining.insert(key, task);
        }
        self.start_missing_routes();
    }

    /// Stops receiving and fetching, and waits until the journals are empty and acknowledgements are
    /// confirmed, or the drain timeout expires. The next start publishes what remains in journals.
    pub async fn drain(mut self) {
        let deadline = Instant::now() + self.config.drain_timeout;
        let mut tasks: Vec<_> = std::mem::take(&mut self.draining).into_values().collect();
        tasks.extend(std::mem::take(&mut self.routes).into_values());
        for task in &tasks {
            task.stop.cancel();
        }
        let mut pending = 0;
        for mut task in tasks {
            if timeout_at(deadline, &mut task.handle).await.is_err() {
                pending += task.counters.pending();
                task.abort().await;
            }
        }
        if pending > 0 {
            warn!(pending, "journals still contain messages; the next start publishes them");
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
                let task = self.start_route(route, predecessor);
                self.routes.insert(key, task);
            }
        }
    }

    /// Starts a route. It waits for its predecessor of the same name, and continues its journal.
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
        let supervised = supervise(route.clone(), self.config.host.clone(), directory, context);
        let body = async move {
            if let Some(predecessor) = predecessor {
                predecessor.abort().await;
            }
            supervised.await;
        };
        let handle = tokio::spawn(body.instrument(span));
        RouteTask { route, provisioner, counters, stop, abort, handle }
    }
}
