//! From a queue to a stream: received, journalled, synced, published, acknowledged, forgotten.
//!
//! Three tasks pass one number on. `take` appends messages to the journal and says which is the
//! last; `durable` has the disk keep them and says up to where; `publish` reads the journal up
//! to there. So the disk works on one batch while the next is received, and memory holds what is in
//! flight, however much the journal holds.

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

/// Runs a route until it is stopped and its journal is empty, or left.
///
/// # Errors
///
/// If the journal cannot be opened, or not be made durable, or must be opened anew.
pub(crate) async fn run(
    route: OutboundRoute,
    host: String,
    directory: &Path,
    context: RouteContext,
) -> Result<()> {
    let source = SourceQueue::new(route.queue.clone());
    let (journal, report) = Journal::open(directory, route.journal_size, source.message_size())?;
    if let Some(path) = report.quarantined {
        warn!(kept = %path.display(), "the journal's last record was torn and is put aside");
        context.counters.torn_records.add(1);
    }
    if report.pending > 0 {
        info!(pending = report.pending, "the journal has messages of an earlier run");
    }
    let origin = Origin::new(&host, &route.queue, journal.id());
    let journal = Arc::new(journal);
    context.counters.set_journal(&journal);
    let (appended, appended_at) = watch::channel(journal.last_sequence());
    let (durable, durable_at) = watch::channel(journal.last_sequence());
    let abort = context.abort.child_token();
    // Each ends when the one before it has ended and its own work is done, or at once when one of
    // them fails; but whatever happens, the message in hand goes to the journal first.
    let receiver = async {
        let received =
            receiver::run(&route, source, &journal, &context, appended, durable_at.clone());
        received.await.inspect_err(|_| abort.cancel())
    };
    let syncer = async {
        let synced = syncer::run(&journal, &context, appended_at, durable).await;
        synced.context("making the journal durable").inspect_err(|_| abort.cancel())
    };
    let publisher = async {
        tokio::select! {
            () = publisher::run(&route, &origin, &journal, &context, durable_at.clone()) => {}
            () = abort.cancelled() => {}
        }
    };
    let (receiver_result, syncer_result, ()) = tokio::join!(receiver, syncer, publisher);
    receiver_result.and(syncer_result)
}
