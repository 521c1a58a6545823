//! Encodes messages into the bytes of a dump.

use crc32fast::Hasher;
use posix_mqueue::Message;

use super::format::{END_TAG, MAGIC, MESSAGE_TAG, QueueSizes, VERSION};

/// Encodes a dump part by part. The caller writes the bytes.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    checksum: Hasher,
    count: u64,
}

impl Encoder {
    /// Encodes the header.
    pub(crate) fn header(&mut self, sizes: QueueSizes) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [VERSION, sizes.capacity, sizes.message_size] {
            bytes.extend(number.to_be_bytes());
        }
        self.append_checksum(&mut bytes, 0);
        bytes
    }

    /// Encodes the next message. No queue can hold one longer than `u32::MAX` bytes.
    pub(crate) fn message(&mut self, message: &Message) -> Vec<u8> {
        let length = u32::try_from(message.data.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(message.data.len() + 17);
        bytes.push(MESSAGE_TAG);
        bytes.extend(message.priority.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        self.append_checksum(&mut bytes, 0);
        let head = bytes.len();
        bytes.extend(&message.data);
        self.append_checksum(&mut bytes, head);
        self.count += 1;
        bytes
    }

    /// Encodes the end.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut bytes = vec![END_TAG];
        bytes.extend(self.count.to_be_bytes());
        self.append_checksum(&mut bytes, 0);
        bytes
    }

    /// Appends the checksum of the whole dump so far; the bytes from `start` have not been added to
    /// it yet.
    fn append_checksum(&mut self, bytes: &mut Vec<u8>, start: usize) {
        self.checksum.update(bytes.get(start..).unwrap_or_default());
        bytes.extend(self.checksum.clone().finalize().to_be_bytes());
    }
}
