//! Which messages the kernel took, so that one that is delivered again is not sent again: all that
//! the server may not know of, and of the others as many as there is room for.
//!
//! A file of slots, one `write(2)` for each message: it outlives the process. It does not outlive
//! the machine's running, since the queue does not: it begins anew with each boot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::message_key::Key;
use crate::locked_directory;

/// Many times what can be under way at once.
const SLOTS: u64 = 16_384;
/// The two numbers of a key; zeros are a free slot.
const SLOT: usize = 16;
/// Where slots begin; before them is the boot's id.
const START: u64 = 64;
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

#[derive(Debug)]
pub(super) struct Taken {
    file: File,
    slots: BTreeMap<Key, u64>,
    free: Vec<u64>,
    /// The oldest first.
    confirmed: VecDeque<Key>,
    // Its lock ends with it.
    _lock: File,
}

impl Taken {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let lock = locked_directory::lock(directory)?;
        let path = directory.join("taken");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let boot = fs::read(BOOT)?;
        let size = START + SLOTS * SLOT as u64;
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        if file.metadata()?.len() == size {
            file.read_exact_at(&mut bytes, 0)?;
        }
        if !bytes.starts_with(&boot) {
            // Slots first: with the old boot's id before them they mean nothing.
            bytes.fill(0);
            file.write_all_at(&bytes, 0)?;
            file.set_len(size)?;
            file.write_all_at(&boot, 0)?;
        }
        let keys = bytes.get(64..).unwrap_or_default().chunks(SLOT).map(parse);
        let (mut slots, mut free) = (BTreeMap::new(), Vec::new());
        for (slot, key) in (0..).zip(keys) {
            match key {
                Some(key) => drop(slots.insert(key, slot)),
                None => free.push(slot),
            }
        }
        Ok(Self { file, slots, free, confirmed: VecDeque::new(), _lock: lock })
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.slots.contains_key(key)
    }

    /// The kernel took it.
    pub(super) fn insert(&mut self, key: Key) -> io::Result<()> {
        let slot = self.free.pop().or_else(|| self.slot_of_oldest());
        if let Some(slot) = slot {
            self.write(slot, key)?;
            self.slots.insert(key, slot);
        }
        Ok(())
    }

    /// The server says that it knows. A server that is killed may forget that, and deliver again:
    /// the key is kept until its slot is needed.
    pub(super) fn confirm(&mut self, key: Key) {
        if self.slots.contains_key(&key) {
            self.confirmed.push_back(key);
        }
    }

    /// The server knows of all up to this number in the stream.
    pub(super) fn confirm_up_to(&mut self, sequence: u64) {
        let already: BTreeSet<_> = self.confirmed.iter().copied().collect();
        let known = self.slots.keys().filter(|key| key.sequence <= sequence);
        self.confirmed.extend(known.filter(|key| !already.contains(key)));
    }

    fn slot_of_oldest(&mut self) -> Option<u64> {
        while let Some(key) = self.confirmed.pop_front() {
            if let Some(slot) = self.slots.remove(&key) {
                return Some(slot);
            }
        }
        self.slots.pop_first().map(|(_, slot)| slot)
    }

    fn write(&self, slot: u64, key: Key) -> io::Result<()> {
        let bytes: Vec<u8> =
            [key.sequence, key.stored].into_iter().flat_map(u64::to_le_bytes).collect();
        self.file.write_all_at(&bytes, START + slot * SLOT as u64)
    }
}

fn parse(slot: &[u8]) -> Option<Key> {
    let mut numbers =
        slot.chunks(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_le_bytes));
    let (sequence, stored) = (numbers.next()?, numbers.next()?);
    (sequence != 0).then_some(Key { sequence, stored })
}
