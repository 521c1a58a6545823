//! All routes of one machine: started, changed, drained.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error_span, info, warn};

use crate::broker::{Broker, Provision};
use crate::config::Config;
use crate::error::Result;
use crate::metrics::{self, Metrics};
use crate::route_context::Context;
use route_task::{Key, Route, Running, keep_running};

pub use check::check;

mod check;
mod route_task;

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
            Some(address) => {
                Some(tokio::spawn(metrics::bind(address, Arc::clone(&metrics)).await?))
            }
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
        let provision = Provision::new(&self.config);
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
        let provision = Provision::new(&self.config);
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
