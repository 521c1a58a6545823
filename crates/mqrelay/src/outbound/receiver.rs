//! Receives messages from the queue and appends them to the journal, one at a time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::OpenOptions;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::source_queue::SourceQueue;
use crate::backoff::Backoff;
use crate::config::{OutboundRoute, SyncPolicy};
use crate::error::{Error, Result};
use crate::journal::{Journal, Reservation};
use crate::route_context::RouteContext;

/// How often to check a full journal for room.
const ROOM_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs until the route is stopped. Every received message is then in the journal or requeued.
///
/// # Errors
///
/// If a new queue of this name has longer messages than the journal was opened for.
pub(super) async fn run(
    route: &OutboundRoute,
    mut source: SourceQueue,
    journal: &Arc<Journal>,
    context: &RouteContext,
    appended: watch::Sender<u64>,
    mut durable: watch::Receiver<u64>,
) -> Result<()> {
    let mut buffer = Vec::new();
    let mut backoff = Backoff::default();
    while !context.stop.is_cancelled() {
        if !journal.fits(source.message_size()) {
            return Err(Error::new("the queue now has longer messages; reopening the journal"));
        }
        tokio::select! {
            () = wait_for_room(source.message_size(), journal, context) => {}
            () = context.stop.cancelled() => break,
        }
        // At most this many journaled messages are unsynced, and so can be lost in a power loss.
        let max_unsynced = match route.sync {
            SyncPolicy::Each => 1,
            SyncPolicy::Batch => source.capacity() as u64,
        };
        let last = *appended.borrow();
        tokio::select! {
            synced = durable.wait_for(|&durable| last < durable + max_unsynced) => {
                // The syncer failed, so the route ends.
                if synced.is_err() { break; }
            }
            () = context.stop.cancelled() => break,
        }
        let received = tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            received = source.receive(&mut buffer) => received,
        };
        let received_at = Instant::now();
        context.counters.set_missing_queue(source.is_missing().then_some(&route.queue));
        match received {
            Ok(Some((length, priority))) => {
                let data = buffer.get(..length).unwrap_or_default();
                let Some(sequence) = append(route, data, priority, journal, context).await else {
                    break;
                };
                context.counters.count_received(received_at.elapsed(), length);
                appended.send_replace(sequence);
                backoff = Backoff::default();
            }
            Ok(None) => {}
            Err(error) => {
                warn!(%error, "cannot receive from the queue");
                backoff.wait().await;
            }
        }
    }
    info!("stopped receiving from the queue");
    Ok(())
}

/// Waits until the journal has room for a message of maximum size.
async fn wait_for_room(message_size: usize, journal: &Arc<Journal>, context: &RouteContext) {
    let mut was_full = false;
    let mut backoff = Backoff::default();
    loop {
        match reserve(message_size, journal).await {
            Ok(Reservation::Ready) => break,
            Ok(Reservation::Full) => {
                if !was_full {
                    warn!("the journal is full; messages stay in the queue");
                }
                was_full = true;
                context.counters.set_journal_full(true);
                tokio::time::sleep(ROOM_POLL_INTERVAL).await;
            }
            Err(error) => {
                warn!(%error, "the journal cannot grow; messages stay in the queue");
                context.counters.set_problem("journal", Some(error.to_string()));
                backoff.wait().await;
            }
        }
    }
    if was_full {
        info!("the journal has room again");
        context.counters.set_journal_full(false);
    }
    context.counters.set_problem("journal", None);
}

async fn reserve(message_size: usize, journal: &Arc<Journal>) -> io::Result<Reservation> {
    // Usually there is room, and checking is cheaper than a blocking thread.
    if journal.has_room(message_size) {
        return Ok(Reservation::Ready);
    }
    let journal = Arc::clone(journal);
    spawn_blocking(move || journal.reserve(message_size)).await.map_err(io::Error::other)?
}

/// Appends a received message to the journal, and retries until the write succeeds. If the route is
/// stopped in the meantime, requeues the message and returns `None`.
async fn append(
    route: &OutboundRoute,
    data: &[u8],
    priority: u32,
    journal: &Journal,
    context: &RouteContext,
) -> Option<u64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    let mut backoff = Backoff::default();
    loop {
        let error = match journal.append(priority, time, data) {
            Ok(sequence) => return Some(sequence),
            Err(error) => error,
        };
        warn!(%error, "cannot write the received message to the journal; retrying");
        context.counters.set_problem("journal", Some(error.to_string()));
        let is_stopped = context.stop.is_cancelled();
        if is_stopped && requeue(route, data, priority) {
            return None;
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = context.stop.cancelled(), if !is_stopped => {}
        }
    }
}

/// Sends a message back to its queue, after others of the same priority.
fn requeue(route: &OutboundRoute, data: &[u8], priority: u32) -> bool {
    let queue = OpenOptions::new().write(true).open(&route.queue);
    match queue.and_then(|queue| queue.try_send(data, priority)) {
        Ok(()) => warn!("requeued the received message"),
        Err(error) => {
            error!(%error, "cannot requeue the received message either; retrying");
            return false;
        }
    }
    true
}
