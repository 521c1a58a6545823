//! The task that runs one route.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::backoff::Backoff;
use crate::broker::Provisioner;
use crate::config::{InboundRoute, OutboundRoute};
use crate::metrics::Counters;
use crate::route_context::RouteContext;
use crate::{inbound, outbound};

/// Direction and name of a route.
pub(super) type RouteKey = (&'static str, String);

/// A running route.
#[derive(Debug)]
pub(super) struct RouteTask {
    pub(super) route: Route,
    pub(super) provisioner: Provisioner,
    pub(super) counters: Arc<Counters>,
    pub(super) stop: CancellationToken,
    pub(super) abort: CancellationToken,
    pub(super) handle: JoinHandle<()>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Outbound(OutboundRoute),
    Inbound(InboundRoute),
}

impl Route {
    pub(super) fn key(&self) -> RouteKey {
        match self {
            Self::Outbound(route) => ("out", route.name.clone()),
            Self::Inbound(route) => ("in", route.name.clone()),
        }
    }
}

impl RouteTask {
    /// Ends the route without waiting for the broker.
    pub(super) async fn abort(self) {
        self.abort.cancel();
        if let Err(error) = self.handle.await {
            error!(%error, "the route task panicked");
        }
    }
}

/// Runs a route, and restarts it after every error, until it ends without one.
pub(super) async fn supervise(
    route: Route,
    host: String,
    directory: PathBuf,
    context: RouteContext,
) {
    let mut backoff = Backoff::default();
    loop {
        let outcome = match route.clone() {
            Route::Outbound(route) => {
                outbound::run(route, host.clone(), &directory, context.clone()).await
            }
            Route::Inbound(route) => tokio::select! {
                outcome = inbound::run(route, &directory, context.clone()) => outcome,
                () = context.abort.cancelled() => Ok(()),
            },
        };
        let Err(error) = outcome else {
            return;
        };
        error!(%error, "the route failed; restarting it");
        context.counters.set_problem("route", Some(error.to_string()));
        tokio::select! {
            () = backoff.wait() => {}
            () = context.stop.cancelled() => return,
        }
        context.counters.set_problem("route", None);
    }
}
