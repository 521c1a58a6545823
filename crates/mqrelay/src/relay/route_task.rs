//! One route that runs.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::backoff::Backoff;
use crate::broker::Provision;
use crate::config::{InRoute, OutRoute};
use crate::metrics::Counters;
use crate::route_context::Context;
use crate::{inbound, outbound};

/// The direction, and the name.
pub(super) type Key = (&'static str, String);

#[derive(Debug)]
pub(super) struct Running {
    pub(super) route: Route,
    pub(super) provision: Provision,
    pub(super) counters: Arc<Counters>,
    pub(super) stop: CancellationToken,
    pub(super) leave: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Out(OutRoute),
    In(InRoute),
}

impl Route {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Out(route) => ("out", route.name.clone()),
            Self::In(route) => ("in", route.name.clone()),
        }
    }
}

impl Running {
    /// Has it end without waiting for the broker.
    pub(super) async fn leave(self) {
        self.leave.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "the route ended badly");
        }
    }
}

/// Runs a route again and again, until it ends well.
pub(super) async fn keep_running(route: Route, host: String, directory: PathBuf, context: Context) {
    let mut backoff = Backoff::default();
    loop {
        let outcome = match route.clone() {
            Route::Out(route) => {
                outbound::run(route, host.clone(), &directory, context.clone()).await
            }
            Route::In(route) => tokio::select! {
                outcome = inbound::run(route, &directory, context.clone()) => outcome,
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
