//! What is carried from where to where: plain values.

use posix_mqueue::QueueName;

/// From a queue of this machine to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRoute {
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
    pub sync: Sync,
}

/// When a journal is made durable. In any case a message is published after that only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// Together with what is taken meanwhile, at most as many messages as the queue can hold.
    #[default]
    Batch,
    /// Before the next message is taken.
    Each,
}

/// From a stream to a queue of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InRoute {
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

/// How a stream is made, where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPlan {
    /// Its name.
    pub name: String,
    /// What it stores.
    pub subjects: Vec<String>,
    /// On how many servers.
    pub replicas: usize,
    /// For how long the server knows the ids of messages, in seconds.
    pub duplicate_window: u64,
    /// How many bytes it may take, -1 for as many as there are.
    pub max_bytes: i64,
    /// Whether a message goes when it is acknowledged, and is for one consumer.
    pub work_queue: bool,
}

/// Whether a subject is one of those that a pattern means.
pub(crate) fn covers(pattern: &str, subject: &str) -> bool {
    let mut words = subject.split('.');
    for part in pattern.split('.') {
        match (part, words.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(word)) if part == word => {}
            _ => return false,
        }
    }
    words.next().is_none()
}
