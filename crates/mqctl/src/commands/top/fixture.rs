//! Invented samples for tests.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::QueueName;

use super::sample::{Contents, QueueSample, Sample};

/// A queue with maxmsg 10 and msgsize 100, last used in this second.
pub(super) fn queue_sample(name: &str, messages: usize, bytes: u64, second: u64) -> QueueSample {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let Ok(name) = QueueName::new(name) else { unreachable!("{name} names no queue") };
    QueueSample {
        id: (1, hasher.finish() >> 1),
        name,
        mode: 0o100_600,
        uid: 0,
        gid: 0,
        modified: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
        contents: Some(Contents {
            messages,
            capacity: 10,
            message_size: 100,
            bytes,
            registered: None,
        }),
    }
}

/// The clock of the samples.
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns a sample taken this many milliseconds after the start.
    pub(super) fn sample(&self, milliseconds: u128, queues: Vec<QueueSample>) -> Sample {
        let elapsed = Duration::from_millis(milliseconds.try_into().unwrap_or(u64::MAX));
        let wall_time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000) + elapsed;
        Sample { instant: self.0 + elapsed, wall_time, queues }
    }
}
