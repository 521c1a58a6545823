//! Takes messages from the queue into the journal, with one in hand at most.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::OpenOptions;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::source_queue::Source;
use crate::backoff::Backoff;
use crate::config::{OutRoute, Sync};
use crate::error::{Error, Result};
use crate::journal::{Journal, Room};
use crate::route_context::Context;

/// How long to wait for room in the journal before looking again.
const LOOK: Duration = Duration::from_millis(20);

/// Ends when it is stopped; what it had in hand is then in the journal.
///
/// It fails if the queue's messages have become longer than the journal was opened for.
pub(super) async fn run(
    route: &OutRoute,
    mut source: Source,
    journal: &Arc<Journal>,
    context: &Context,
    appended: watch::Sender<u64>,
    mut durable: watch::Receiver<u64>,
) -> Result<()> {
    let mut buffer = Vec::new();
    let mut backoff = Backoff::default();
    while !context.stop.is_cancelled() {
        if !journal.fits(source.message_size()) {
            return Err(Error::new("the queue has longer messages now: the journal is reopened"));
        }
        tokio::select! {
            () = room(source.message_size(), journal, context) => {}
            () = context.stop.cancelled() => break,
        }
        // At most a queueful is taken that the disk does not have yet.
        let most = match route.sync {
            Sync::Each => 1,
            Sync::Batch => source.capacity() as u64,
        };
        let last = *appended.borrow();
        tokio::select! {
            synced = durable.wait_for(|&durable| last < durable + most) => {
                // The disk failed, and with it the route.
                if synced.is_err() { break; }
            }
            () = context.stop.cancelled() => break,
        }
        let received = tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            received = source.receive(&mut buffer) => received,
        };
        let in_hand = Instant::now();
        context.counters.set_missing(source.is_missing().then_some(&route.queue));
        match received {
            Ok(Some((length, priority))) => {
                let data = buffer.get(..length).unwrap_or_default();
                let Some(sequence) = append(route, data, priority, journal, context).await else {
                    break;
                };
                context.counters.took(in_hand.elapsed(), length);
                appended.send_replace(sequence);
                backoff = Backoff::default();
            }
            Ok(None) => {}
            Err(error) => {
                warn!(%error, "cannot take from the queue");
                backoff.wait().await;
            }
        }
    }
    info!("no more is taken from the queue");
    Ok(())
}

/// Waits until the journal has room for the longest message.
async fn room(message_size: usize, journal: &Arc<Journal>, context: &Context) {
    let mut was_full = false;
    let mut backoff = Backoff::default();
    loop {
        match reserve(message_size, journal).await {
            Ok(Room::Ready) => break,
            Ok(Room::Full) => {
                if !was_full {
                    warn!("the journal is full: messages stay in their queue");
                }
                was_full = true;
                context.counters.set_full(true);
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => {
                warn!(%error, "the journal cannot grow: messages stay in their queue");
                context.counters.set_trouble("journal", Some(error.to_string()));
                backoff.wait().await;
            }
        }
    }
    if was_full {
        info!("the journal has room again");
        context.counters.set_full(false);
    }
    context.counters.set_trouble("journal", None);
}

async fn reserve(message_size: usize, journal: &Arc<Journal>) -> io::Result<Room> {
    // Most times there is room, and a thread would cost more than the question.
    if journal.has_room(message_size) {
        return Ok(Room::Ready);
    }
    let journal = Arc::clone(journal);
    spawn_blocking(move || journal.reserve(message_size)).await.map_err(io::Error::other)?
}

/// Writes the message in hand to the journal, however long the disk refuses it. When the relay is
/// stopped, the end of its queue is as good: then `None`.
async fn append(
    route: &OutRoute,
    data: &[u8],
    priority: u32,
    journal: &Journal,
    context: &Context,
) -> Option<u64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    let mut backoff = Backoff::default();
    loop {
        let error = match journal.append(priority, time, data) {
            Ok(sequence) => return Some(sequence),
            Err(error) => error,
        };
        warn!(%error, "the journal does not take the message in hand; trying again");
        context.counters.set_trouble("journal", Some(error.to_string()));
        let is_stopped = context.stop.is_cancelled();
        if is_stopped && put_back(route, data, priority) {
            return None;
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = context.stop.cancelled(), if !is_stopped => {}
        }
    }
}

fn put_back(route: &OutRoute, data: &[u8], priority: u32) -> bool {
    let queue = OpenOptions::new().write(true).open(&route.queue);
    match queue.and_then(|queue| queue.try_send(data, priority)) {
        Ok(()) => warn!("the message in hand is back in its queue"),
        Err(error) => {
            error!(%error, "the message in hand cannot go back either; trying again");
            return false;
        }
    }
    true
}
