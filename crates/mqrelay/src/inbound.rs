//! Inbound routes, from a stream to a queue: fetch, send, log as delivered, acknowledge.

use std::path::Path;

use tracing::warn;

use crate::backoff::Backoff;
use crate::config::InboundRoute;
use crate::error::{Error, Result, ResultExt};
use crate::route_context::RouteContext;
use dedup::DedupLog;
use fetched::Fetched;
use target_queue::TargetQueue;
use worker::InboundWorker;

mod dead_letter;
mod dedup;
mod fetched;
mod message_key;
mod target_queue;
mod worker;

/// Runs a route until it is stopped.
///
/// # Errors
///
/// If the deduplication log cannot be opened.
pub(crate) async fn run(
    route: InboundRoute,
    directory: &Path,
    context: RouteContext,
) -> Result<()> {
    let dedup = DedupLog::open(directory).context(format!("{}", directory.display()))?;
    let mut worker =
        InboundWorker { target: TargetQueue::new(route.queue.clone()), route, dedup, context };
    let stop = worker.context.stop.clone();
    let mut backoff = Backoff::default();
    let mut fetched = Fetched::default();
    loop {
        let session = tokio::select! {
            session = worker.context.broker.session() => session,
            () = stop.cancelled() => return Ok(()),
        };
        let before = worker.context.counters.delivered.get();
        let outcome = tokio::select! {
            outcome = worker.serve(&session, &mut fetched) => outcome,
            () = session.closed() => {
                // The server redelivers these messages over another connection.
                fetched = Fetched::default();
                Err(Error::new("the connection was lost"))
            }
        };
        let Err(error) = outcome else {
            return Ok(());
        };
        warn!(%error, "cannot deliver; retrying");
        worker.context.counters.set_problem("fetch", Some(error.to_string()));
        if worker.context.counters.delivered.get() > before {
            backoff = Backoff::default();
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}
