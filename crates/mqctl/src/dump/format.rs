//! What every part of a dump is made of; `docs/mqctl-dump-format.md` describes the bytes.

use posix_mqueue::MessageQueue;

/// No text begins so, and what takes bytes for text damages it.
pub(super) const MAGIC: [u8; 8] = *b"\x89mqdump\n";
pub(super) const VERSION: u32 = 1;
/// What begins a message, and what begins the end.
pub(super) const MESSAGE_TAG: u8 = b'M';
pub(super) const END_TAG: u8 = b'E';

/// The sizes of the queue that the messages are from: enough to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueSizes {
    pub(crate) capacity: u32,
    pub(crate) message_size: u32,
}

impl QueueSizes {
    pub(crate) fn of(queue: &MessageQueue) -> Self {
        // No queue's are larger: HARD_MSGMAX and HARD_MSGSIZEMAX of the kernel.
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Self { capacity: size(queue.capacity()), message_size: size(queue.message_size()) }
    }
}
