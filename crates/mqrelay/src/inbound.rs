//! From a stream to a queue: fetched, sent to the kernel, remembered, acknowledged.

use std::path::Path;

use tracing::warn;

use crate::backoff::Backoff;
use crate::config::InRoute;
use crate::error::{Error, Result, Within};
use crate::route_context::Context;
use dedup::Taken;
use fetched::Held;
use target_queue::Target;
use worker::Inward;

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
/// If what was taken cannot be remembered.
pub(crate) async fn run(route: InRoute, directory: &Path, context: Context) -> Result<()> {
    let taken = Taken::open(directory).within(format!("{}", directory.display()))?;
    let mut inward = Inward { target: Target::new(route.queue.clone()), route, taken, context };
    let stop = inward.context.stop.clone();
    let mut backoff = Backoff::default();
    let mut held = Held::default();
    loop {
        let session = tokio::select! {
            session = inward.context.broker.session() => session,
            () = stop.cancelled() => return Ok(()),
        };
        let before = inward.context.counters.delivered.get();
        let outcome = tokio::select! {
            outcome = inward.serve(&session, &mut held) => outcome,
            () = session.ended() => {
                // The server delivers it again, over another connection.
                held = Held::default();
                Err(Error::new("the connection is lost"))
            }
        };
        let Err(error) = outcome else {
            return Ok(());
        };
        warn!(%error, "not delivered; trying again");
        inward.context.counters.set_trouble("fetch", Some(error.to_string()));
        if inward.context.counters.delivered.get() > before {
            backoff = Backoff::default();
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}
