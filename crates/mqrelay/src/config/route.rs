//! Routes: which queue is relayed to or from which stream.

use posix_mqueue::QueueName;

/// A route from a queue of this machine to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRoute {
    /// The route's name in logs, metrics and its state directory.
    pub name: String,
    /// The queue to receive messages from.
    pub queue: QueueName,
    /// The subject to publish to.
    pub subject: String,
    /// The stream that stores the subject.
    pub stream: String,
    /// How many published messages may be unacknowledged. With 1, messages stay in order even if
    /// the server rejects one.
    pub in_flight: usize,
    /// The disk space of the journal, in bytes.
    pub journal_size: u64,
    /// When the journal is synced.
    pub sync: SyncPolicy,
}

/// When a journal is synced. A message is never published before it is synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncPolicy {
    /// Sync several messages at once: those received during the previous sync, at most as many as
    /// the queue can hold.
    #[default]
    Batch,
    /// Sync each message before the next is received.
    Each,
}

/// A route from a stream to a queue of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundRoute {
    /// The route's name in logs, metrics and its state directory.
    pub name: String,
    /// The queue to send messages to.
    pub queue: QueueName,
    /// The stream to fetch messages from.
    pub stream: String,
    /// The durable consumer, which tracks acknowledged messages.
    pub consumer: String,
    /// The subject filter of a new consumer; empty for all subjects.
    pub subject: String,
    /// The subject for messages that can never be delivered.
    pub dead_letter: String,
    /// How many messages to request at a time.
    pub batch: usize,
    /// The priority of messages without a priority header.
    pub priority: u32,
}
