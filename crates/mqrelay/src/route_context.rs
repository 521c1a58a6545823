//! What every running route uses: connection, counters and cancellation.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, Provisioner};
use crate::metrics::Counters;

/// How often to check whether a queue was unlinked or created; the kernel reports neither.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The shared parts of a running route.
#[derive(Clone, Debug)]
pub(crate) struct RouteContext {
    /// The connection to the cluster.
    pub(crate) broker: Broker,
    /// Finds or creates streams and consumers.
    pub(crate) provisioner: Provisioner,
    /// The counters and problems of this route.
    pub(crate) counters: Arc<Counters>,
    /// Cancelled when the route must not receive or fetch any more messages.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the route must end without publishing the rest of its journal.
    pub(crate) abort: CancellationToken,
}
