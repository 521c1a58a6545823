//! From a queue to a stream: taken, journalled, synced, published, acknowledged, forgotten.
//!
//! Three tasks pass one number on. `take` appends messages to the journal and says which is the
//! last; `durable` has the disk keep them and says up to where; `publish` reads the journal up
//! to there. So the disk works on one batch while the next is taken, and memory holds what is in
//! flight, however much the journal holds.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::OutRoute;
use crate::error::{Result, Within};
use crate::headers::Origin;
use crate::journal::Journal;
use crate::route_context::Context;
use source_queue::Source;

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
    route: OutRoute,
    host: String,
    directory: &Path,
    context: Context,
) -> Result<()> {
    let source = Source::new(route.queue.clone());
    let (journal, found) = Journal::open(directory, route.journal_size, source.message_size())?;
    if let Some(path) = found.torn {
        warn!(kept = %path.display(), "the journal's last record was torn and is put aside");
        context.counters.torn.add(1);
    }
    if found.pending > 0 {
        info!(pending = found.pending, "the journal has messages of an earlier run");
    }
    let origin = Origin::new(&host, &route.queue, journal.id());
    let journal = Arc::new(journal);
    context.counters.watch(&journal);
    let (appended, appended_at) = watch::channel(journal.last());
    let (durable, durable_at) = watch::channel(journal.last());
    let leave = context.leave.child_token();
    // Each ends when the one before it has ended and its own work is done, or at once when one of
    // them fails; but whatever happens, the message in hand goes to the journal first.
    let take = async {
        let taken = receiver::run(&route, source, &journal, &context, appended, durable_at.clone());
        taken.await.inspect_err(|_| leave.cancel())
    };
    let sync = async {
        let synced = syncer::run(&journal, &context, appended_at, durable).await;
        synced.within("making the journal durable").inspect_err(|_| leave.cancel())
    };
    let publish = async {
        tokio::select! {
            () = publisher::run(&route, &origin, &journal, &context, durable_at.clone()) => {}
            () = leave.cancelled() => {}
        }
    };
    let (taken, synced, ()) = tokio::join!(take, sync, publish);
    taken.and(synced)
}
