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
    pub(crate) fn route(&self, direction: &'static str, name: &str) -> Arc<Counters> {
        let mut routes = lock(&self.routes);
        Arc::clone(routes.entry((direction, name.to_owned())).or_default())
    }

    pub(super) fn routes(&self) -> MutexGuard<'_, Routes> {
        lock(&self.routes)
    }

    pub(crate) fn forget(&self, direction: &'static str, name: &str) {
        lock(&self.routes).remove(&(direction, name.to_owned()));
    }

    /// What keeps anything from working; nothing if all is well.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let broker = self.broker.trouble().map(|trouble| format!("broker: {trouble}"));
        let routes = lock(&self.routes);
        let of_routes = routes.iter().flat_map(|((direction, route), counters)| {
            let troubles = counters.troubles().into_iter();
            troubles.map(move |trouble| format!("{direction}.{route}: {trouble}"))
        });
        broker.into_iter().chain(of_routes).collect()
    }
}
