//! Syncs the journal: all messages appended so far, in one call.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::journal::Journal;
use crate::route_context::RouteContext;

/// Runs until the receiver has ended and every message is durable.
///
/// # Errors
///
/// If a sync fails. The route must then end, because a later `fdatasync(2)` can report success for
/// pages that were never written. The next start reads the file and publishes the complete records.
pub(super) async fn run(
    journal: &Arc<Journal>,
    context: &RouteContext,
    mut appended: watch::Receiver<u64>,
    durable: watch::Sender<u64>,
) -> io::Result<()> {
    loop {
        let is_final = appended.changed().await.is_err();
        if *appended.borrow_and_update() > *durable.borrow() {
            let journal = Arc::clone(journal);
            let synced = spawn_blocking(move || journal.sync()).await;
            durable.send_replace(synced.map_err(io::Error::other)??);
            context.counters.syncs.add(1);
        }
        if is_final {
            return Ok(());
        }
    }
}
