//! The numbers of all routes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::counters::{Counters, lock};
use crate::broker::Broker;

/// The numbers of all routes.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(super) broker: Broker,
    routes: Mutex<Routes>,
}

/// By direction and name.
type Routes = BTreeMap<(&'static str, String), Arc<Counters>>;

impl Metrics {
    /// None yet.
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker, routes: Mutex::default() }
    }

    /// The numbers of a route, which go on where it is started again.
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

    /// What keeps anything from working; nothing if all is well.
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
