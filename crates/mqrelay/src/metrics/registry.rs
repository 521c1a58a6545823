//! The counters and problems of the relay and all its routes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::counters::{Counters, lock};
use crate::broker::Broker;

/// The counters and problems of the relay and all its routes.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(super) broker: Broker,
    routes: Mutex<Routes>,
}

/// Counters by direction and name.
type Routes = BTreeMap<(&'static str, String), Arc<Counters>>;

impl Metrics {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker, routes: Mutex::default() }
    }

    /// Returns the counters of a route. A restarted route continues with the same ones.
    pub(crate) fn counters_for(&self, direction: &'static str, name: &str) -> Arc<Counters> {
        let mut routes = lock(&self.routes);
        Arc::clone(routes.entry((direction, name.to_owned())).or_default())
    }

    pub(super) fn routes(&self) -> MutexGuard<'_, Routes> {
        lock(&self.routes)
    }

    pub(crate) fn remove_route(&self, direction: &'static str, name: &str) {
        lock(&self.routes).remove(&(direction, name.to_owned()));
    }

    /// Returns what keeps the relay or a route from working; empty if it is healthy.
    pub(crate) fn problems(&self) -> Vec<String> {
        let broker = self.broker.last_error().map(|problem| format!("broker: {problem}"));
        let routes = lock(&self.routes);
        let of_routes = routes.iter().flat_map(|((direction, route), counters)| {
            let problems = counters.problems().into_iter();
            problems.map(move |problem| format!("{direction}.{route}: {problem}"))
        });
        broker.into_iter().chain(of_routes).collect()
    }
}
