//! What is carried from where to where: plain values.

use posix_mqueue::QueueName;

/// From a queue of this machine to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRoute {
    /// Names the route in logs, metrics, and the journal's directory.
    pub name: String,
    /// The queue that messages are taken from.
    pub queue: QueueName,
    /// What they are published under.
    pub subject: String,
    /// The stream that stores them.
    pub stream: String,
    /// How many messages may be published and not acknowledged. With 1, order is kept whatever
    /// happens in the cluster.
    pub in_flight: usize,
    /// How many bytes the journal may take of the disk.
    pub journal_size: u64,
    /// When the journal is made durable.
    pub sync: SyncPolicy,
}

/// When a journal is made durable. In any case a message is published after that only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncPolicy {
    /// Together with what is taken meanwhile, at most as many messages as the queue can hold.
    #[default]
    Batch,
    /// Before the next message is taken.
    Each,
}

/// From a stream to a queue of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundRoute {
    /// Names the route in logs, metrics, and its directory.
    pub name: String,
    /// The queue that messages are sent to.
    pub queue: QueueName,
    /// The stream they are in.
    pub stream: String,
    /// The durable consumer that remembers which were taken.
    pub consumer: String,
    /// Which subjects of the stream a new consumer takes; all if empty.
    pub subject: String,
    /// Where messages go that the queue can never take.
    pub dead_letter: String,
    /// How many messages are asked for at a time.
    pub batch: usize,
    /// The priority of messages that do not say theirs.
    pub priority: u32,
}
