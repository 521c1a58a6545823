//! Which messages the kernel took, so that one delivered again is not sent again.
//!
//! A file of slots that are written in turn, one `write(2)` for each message: it outlives the
//! process. It does not outlive the machine's running, since the queue does not: it begins anew with
//! each boot.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use async_nats::jetstream::Message;

use crate::error::{Result, Within};

/// More than can be unacknowledged at once.
const SLOTS: u64 = 8192;
/// A count, and the two numbers of a key.
const SLOT: usize = 24;
/// Where slots begin; before them is the boot's id.
const START: u64 = 64;
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// What names a stored message for ever: its number in the stream, and when it was stored, which
/// tells it from that of a stream made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) sequence: u64,
    pub(super) stored: u64,
}

impl Key {
    pub(super) fn new(message: &Message) -> Result<Self> {
        let info = message.info().within("a message that is not of a stream")?;
        let stored = info.published.unix_timestamp_nanos();
        Ok(Self { sequence: info.stream_sequence, stored: u64::try_from(stored).unwrap_or(0) })
    }
}

#[derive(Debug)]
pub(super) struct Taken {
    file: File,
    keys: HashSet<Key>,
    slots: Vec<Option<Key>>,
    count: u64,
    // Its lock ends with it.
    _lock: File,
}

impl Taken {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let lock = File::create(directory.join("lock"))?;
        lock.try_lock().map_err(|_| {
            io::Error::other("another process has it; two relays need a directory each")
        })?;
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
        let slots = bytes.get(64..).unwrap_or_default().chunks(SLOT).map(parse);
        let slots: Vec<_> = slots.collect();
        let count = slots.iter().flatten().map(|(count, _)| *count).max().unwrap_or(0);
        let slots: Vec<_> = slots.into_iter().map(|slot| slot.map(|(_, key)| key)).collect();
        Ok(Self {
            file,
            keys: slots.iter().flatten().copied().collect(),
            slots,
            count,
            _lock: lock,
        })
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    pub(super) fn insert(&mut self, key: Key) -> io::Result<()> {
        self.count += 1;
        let index = self.count % SLOTS;
        let numbers = [self.count, key.sequence, key.stored];
        let bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        self.file.write_all_at(&bytes, START + index * SLOT as u64)?;
        let place = usize::try_from(index).ok().and_then(|index| self.slots.get_mut(index));
        if let Some(old) = place.and_then(|place| place.replace(key)) {
            self.keys.remove(&old);
        }
        self.keys.insert(key);
        Ok(())
    }
}

fn parse(slot: &[u8]) -> Option<(u64, Key)> {
    let mut numbers =
        slot.chunks(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_le_bytes));
    let (count, sequence, stored) = (numbers.next()?, numbers.next()?, numbers.next()?);
    (count != 0).then_some((count, Key { sequence, stored }))
}
