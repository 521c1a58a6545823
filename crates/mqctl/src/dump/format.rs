//! Constants of the dump format, which `docs/mqctl-dump-format.md` describes.

use posix_mqueue::MessageQueue;

/// No text file starts with these bytes, and a transfer in text mode corrupts them.
pub(super) const MAGIC: [u8; 8] = *b"\x89mqdump\n";
pub(super) const VERSION: u32 = 1;
/// The tags that start a message and the end.
pub(super) const MESSAGE_TAG: u8 = b'M';
pub(super) const END_TAG: u8 = b'E';

/// The sizes of the dumped queue, from which it can be created again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueSizes {
    pub(crate) capacity: u32,
    pub(crate) message_size: u32,
}

impl QueueSizes {
    pub(crate) fn of(queue: &MessageQueue) -> Self {
        // The kernel limits both to less: HARD_MSGMAX and HARD_MSGSIZEMAX.
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Self { capacity: size(queue.capacity()), message_size: size(queue.message_size()) }
    }
}
