//! The log of delivered messages, so that a redelivered message is not sent again. It contains all
//! messages whose acknowledgement is unconfirmed, and as many confirmed ones as fit.
//!
//! The log is a file of slots. Each message takes one `write(2)`, so the log survives a crash of the
//! relay. It is cleared at each boot, because the queue does not survive a reboot either.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::message_key::MessageKey;
use crate::locked_directory;

/// Many times the number of unconfirmed acknowledgements.
const SLOT_COUNT: u64 = 16_384;
/// Sequence number and time; zeros mark a free slot.
const SLOT_SIZE: usize = 16;
/// Where the slots begin, after the boot id.
const SLOTS_OFFSET: u64 = 64;
const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

/// The log of delivered messages.
#[derive(Debug)]
pub(super) struct DedupLog {
    file: File,
    slots: BTreeMap<MessageKey, u64>,
    free: Vec<u64>,
    /// Keys with a confirmed acknowledgement, oldest first.
    confirmed: VecDeque<MessageKey>,
    // Dropping the file releases the lock.
    _lock: File,
}

impl DedupLog {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let lock = locked_directory::lock(directory)?;
        let path = directory.join("delivered");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let boot_id = fs::read(BOOT_ID_PATH)?;
        let size = SLOTS_OFFSET + SLOT_COUNT * SLOT_SIZE as u64;
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        if file.metadata()?.len() == size {
            file.read_exact_at(&mut bytes, 0)?;
        }
        if !bytes.starts_with(&boot_id) {
            // Write the boot id last: after a crash in between, the next start clears the log again.
            bytes.fill(0);
            file.write_all_at(&bytes, 0)?;
            file.set_len(size)?;
            file.write_all_at(&boot_id, 0)?;
        }
        let keys = bytes.get(64..).unwrap_or_default().chunks(SLOT_SIZE).map(parse_slot);
        let (mut slots, mut free) = (BTreeMap::new(), Vec::new());
        for (slot, key) in (0..).zip(keys) {
            match key {
                Some(key) => drop(slots.insert(key, slot)),
                None => free.push(slot),
            }
        }
        Ok(Self { file, slots, free, confirmed: VecDeque::new(), _lock: lock })
    }

    pub(super) fn contains(&self, key: &MessageKey) -> bool {
        self.slots.contains_key(key)
    }

    /// Logs a message that the queue has received.
    pub(super) fn insert(&mut self, key: MessageKey) -> io::Result<()> {
        let slot = self.free.pop().or_else(|| self.evict_oldest());
        if let Some(slot) = slot {
            self.write(slot, key)?;
            self.slots.insert(key, slot);
        }
        Ok(())
    }

    /// Marks a message whose acknowledgement the server has confirmed. A server that is killed can
    /// forget the acknowledgement, so the key stays until its slot is needed.
    pub(super) fn confirm(&mut self, key: MessageKey) {
        if self.slots.contains_key(&key) {
            self.confirmed.push_back(key);
        }
    }

    /// Confirms all messages up to a sequence number of the stream.
    pub(super) fn confirm_through(&mut self, sequence: u64) {
        let already: BTreeSet<_> = self.confirmed.iter().copied().collect();
        let known = self.slots.keys().filter(|key| key.sequence <= sequence);
        self.confirmed.extend(known.filter(|key| !already.contains(key)));
    }

    fn evict_oldest(&mut self) -> Option<u64> {
        while let Some(key) = self.confirmed.pop_front() {
            if let Some(slot) = self.slots.remove(&key) {
                return Some(slot);
            }
        }
        self.slots.pop_first().map(|(_, slot)| slot)
    }

    fn write(&self, slot: u64, key: MessageKey) -> io::Result<()> {
        let bytes: Vec<u8> =
            [key.sequence, key.stored_at].into_iter().flat_map(u64::to_le_bytes).collect();
        self.file.write_all_at(&bytes, SLOTS_OFFSET + slot * SLOT_SIZE as u64)
    }
}

fn parse_slot(slot: &[u8]) -> Option<MessageKey> {
    let mut numbers =
        slot.chunks(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_le_bytes));
    let (sequence, stored_at) = (numbers.next()?, numbers.next()?);
    (sequence != 0).then_some(MessageKey { sequence, stored_at })
}
