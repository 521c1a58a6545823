//! Makes durable what was appended, all of it at once, again and again.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::journal::Journal;
use crate::route_context::RouteContext;

/// Ends when nothing is appended any more and all is durable.
///
/// A failure ends the route: after it, what a later `fdatasync(2)` says of these pages is not to be
/// relied on. The next start reads them back and publishes what is whole.
pub(super) async fn run(
    journal: &Arc<Journal>,
    context: &RouteContext,
    mut appended: watch::Receiver<u64>,
    durable: watch::Sender<u64>,
) -> io::Result<()> {
    loop {
        let is_last = appended.changed().await.is_err();
        if *appended.borrow_and_update() > *durable.borrow() {
            let journal = Arc::clone(journal);
            let synced = spawn_blocking(move || journal.sync()).await;
            durable.send_replace(synced.map_err(io::Error::other)??);
            context.counters.syncs.add(1);
        }
        if is_last {
            return Ok(());
        }
    }
}
