//! What a running route works with.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, Provisioner};
use crate::metrics::Counters;

/// How often it is looked whether the queue still has its name, or has it again.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What a route runs with.
#[derive(Clone, Debug)]
pub(crate) struct RouteContext {
    /// The connection.
    pub(crate) broker: Broker,
    /// What may be made.
    pub(crate) provisioner: Provisioner,
    /// Where this route's numbers go.
    pub(crate) counters: Arc<Counters>,
    /// Cancelled when no more shall be taken.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the rest need not be published either: it is safe where it is.
    pub(crate) abort: CancellationToken,
}
