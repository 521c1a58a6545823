//! Outbound routes, from a queue to a stream.
//!
//! Three tasks pass on a sequence number. `receiver` appends messages to the journal and announces
//! the last one; `syncer` syncs the journal and announces the last durable one; `publisher` reads
//! the journal up to there. One batch is synced while the next is received. Memory holds only the
//! messages in flight, however large the journal is.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::OutboundRoute;
use crate::error::{Result, ResultExt};
use crate::headers::Origin;
use crate::journal::Journal;
use crate::route_context::RouteContext;
use source_queue::SourceQueue;

mod publisher;
mod receiver;
mod source_queue;
mod syncer;

/// Runs a route until it is stopped and its journal is empty, or until it is aborted.
///
/// # Errors
///
/// If the journal cannot be opened or synced, or must be reopened for longer messages.
pub(crate) async fn run(
    route: OutboundRoute,
    host: String,
    directory: &Path,
    context: RouteContext,
) -> Result<()> {
    let source = SourceQueue::new(route.queue.clone());
    let (journal, report) = Journal::open(directory, route.journal_size, source.message_size())?;
    if let Some(path) = report.quarantined {
        warn!(file = %path.display(), "the last record of the journal was torn; quarantined it");
        context.counters.torn_records.add(1);
    }
    if report.pending > 0 {
        info!(pending = report.pending, "the journal contains messages of an earlier run");
    }
    let origin = Origin::new(&host, &route.queue, journal.id());
    let journal = Arc::new(journal);
    context.counters.set_journal(&journal);
    let (appended, appended_watch) = watch::channel(journal.last_sequence());
    let (durable, durable_watch) = watch::channel(journal.last_sequence());
    let abort = context.abort.child_token();
    // Each task ends after the one before it, when its own work is done. If one fails, the publisher
    // ends immediately. The receiver always journals or requeues its message first.
    let receiver = async {
        let received =
            receiver::run(&route, source, &journal, &context, appended, durable_watch.clone());
        received.await.inspect_err(|_| abort.cancel())
    };
    let syncer = async {
        let synced = syncer::run(&journal, &context, appended_watch, durable).await;
        synced.context("syncing the journal").inspect_err(|_| abort.cancel())
    };
    let publisher = async {
        tokio::select! {
            () = publisher::run(&route, &origin, &journal, &context, durable_watch.clone()) => {}
            () = abort.cancelled() => {}
        }
    };
    let (receiver_result, syncer_result, ()) = tokio::join!(receiver, syncer, publisher);
    receiver_result.and(syncer_result)
}
