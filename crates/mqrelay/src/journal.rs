//! What was taken from a queue and is not acknowledged yet, in files.
//!
//! A journal is a directory of segments: files of a fixed size that are preallocate one after the other
//! and used again when every message in them is acknowledged. Reservation is made before a message is
//! taken: a segment is written full of zeros when it is created, so that a full disk is found while
//! the message is still in its queue.
//!
//! [`append`](Journal::append) is a single `write(2)`, which outlives the process; what outlives the
//! machine is what [`sync`](Journal::sync) has covered, for any number of messages at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result, ResultExt};
use crate::locked_directory;
use checkpoint::AckCheckpoint;
use segment::Segment;
use segment_list::SegmentList;

pub use record::Record;
pub use segment_list::Reservation;

mod checkpoint;
mod record;
mod recovery;
mod segment;
mod segment_list;

/// The smallest and the max_message_size that a segment is made, unless one message needs more.
const SEGMENT_SIZES: (u64, u64) = (64 << 10, 16 << 20);
/// How many segments a journal is divided into, where they are not bounded by the above.
const SEGMENT_COUNT: u64 = 8;

/// A journal that is open, and locked against every other process.
#[derive(Debug)]
pub struct Journal {
    segments: Mutex<SegmentList>,
    id: u64,
    // Its lock ends with it.
    _lock: File,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// The message that is read next.
    pub sequence: u64,
    segment: u64,
    offset: u64,
}

/// What opening a journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// How many messages are waiting to be published.
    pub pending: u64,
    /// Where a record that is not whole was put aside, with all behind it.
    pub quarantined: Option<PathBuf>,
}

impl Journal {
    /// Opens the journal in a directory, making both if need be.
    ///
    /// `size` is what all of its segments may take; `max_message_size` the longest message to make room for.
    ///
    /// # Errors
    ///
    /// If another process has it, if `size` has no room for two segments, if a record is damaged
    /// anywhere but at the tail, and what the file system says.
    pub fn open(
        directory: &Path,
        size: u64,
        max_message_size: usize,
    ) -> Result<(Self, RecoveryReport)> {
        let location = format!("journal {}", directory.display());
        let lock = locked_directory::lock(directory).context(&location)?;
        let segment_size = segment_size(size, max_message_size);
        if size < 2 * segment_size {
            return Err(Error::new(format!(
                "journal_size = {size} is too small: messages of {max_message_size} bytes need {}",
                2 * segment_size
            ))
            .context(location));
        }
        let checkpoint = AckCheckpoint::open(&directory.join("acknowledged")).context(&location)?;
        let mut list = SegmentList {
            directory: directory.to_owned(),
            segments: segment::open_all(directory).context(&location)?,
            last: checkpoint.sequence(),
            checkpoint,
            segment_size,
            max_segments: size / segment_size,
        };
        let quarantined = list.recover().context(&location)?;
        let id = list.segments.back().map_or(0, Segment::journal_id);
        list.recycle_acknowledged().context(&location)?;
        let report =
            RecoveryReport { pending: list.last - list.checkpoint.sequence(), quarantined };
        Ok((Self { segments: Mutex::new(list), id, _lock: lock }, report))
    }

    /// A number that no other journal has. With the sequence number it names a message for ever.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether there is room for a message of this length without more ado.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        self.lock()
            .segments
            .back()
            .is_some_and(|last| last.free_space() >= record::encoded_len(length))
    }

    /// Whether a message of this length can ever have room.
    #[must_use]
    pub fn fits(&self, length: usize) -> bool {
        segment::HEADER_LEN + record::encoded_len(length) <= self.lock().segment_size
    }

    /// Makes room for a message of this length, in a new segment if need be.
    pub fn reserve(&self, length: usize) -> io::Result<Reservation> {
        self.lock().reserve(length)
    }

    /// Writes a message into the room that [`reserve`](Self::reserve) made: its sequence number.
    ///
    /// # Errors
    ///
    /// What the file system says; then nothing was added, and it can be tried again.
    pub fn append(&self, priority: u32, time: u64, data: &[u8]) -> io::Result<u64> {
        let mut list = self.lock();
        let sequence = list.last + 1;
        let bytes = record::encode(self.id, sequence, priority, time, data)?;
        let Some(segment) = list.segments.back_mut() else {
            return Err(io::Error::other("no segment was reserved"));
        };
        segment.append(&bytes)?;
        list.last = sequence;
        Ok(sequence)
    }

    /// Makes what was appended so far durable: the last sequence number that is. `fdatasync(2)`.
    pub fn sync(&self) -> io::Result<u64> {
        let (last, file) = {
            let list = self.lock();
            (list.last, list.segments.back().map(Segment::file))
        };
        // Earlier segments were synced when they were full.
        file.map_or(Ok(()), |file| file.sync_data())?;
        Ok(last)
    }

    /// Where the first message is that nobody has acknowledged.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let sequence = self.lock().checkpoint.sequence() + 1;
        Cursor { sequence, segment: 0, offset: 0 }
    }

    /// Reads messages from a cursor on, up to a sequence number; as many as one reading gives.
    pub fn read(&self, cursor: &mut Cursor, up_to: u64) -> io::Result<Vec<Record>> {
        if cursor.sequence > up_to {
            return Ok(Vec::new());
        }
        let (first, file, size, end) = {
            let list = self.lock();
            let after = list
                .segments
                .partition_point(|segment| segment.first_sequence() <= cursor.sequence);
            let segment = after.checked_sub(1).and_then(|index| list.segments.get(index));
            let segment = segment.ok_or_else(|| io::Error::other("the message is not there"))?;
            let end = list
                .segments
                .get(after)
                .map_or(up_to, |next| up_to.min(next.first_sequence().saturating_sub(1)));
            (segment.first_sequence(), segment.file(), segment.size(), end)
        };
        let read =
            |offset: &mut u64, from, to| segment::read(&file, size, self.id, offset, from, to);
        if cursor.segment != first {
            // From the top, passing by what was read before.
            (cursor.segment, cursor.offset) = (first, segment::HEADER_LEN);
            let mut sequence = first;
            while sequence < cursor.sequence {
                let passed = read(&mut cursor.offset, sequence, cursor.sequence - 1)?;
                sequence += passed.len() as u64;
            }
        }
        let records = read(&mut cursor.offset, cursor.sequence, end)?;
        cursor.sequence += records.len() as u64;
        Ok(records)
    }

    /// Drops every message up to this one.
    pub fn acknowledge(&self, sequence: u64) -> io::Result<()> {
        let mut list = self.lock();
        list.checkpoint.advance(sequence)?;
        list.recycle_acknowledged()
    }

    /// How many messages are not acknowledged.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let list = self.lock();
        list.last - list.checkpoint.sequence()
    }

    /// The last sequence number that was given to a message.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.lock().last
    }

    /// How many bytes its segments take of the disk.
    #[must_use]
    pub fn disk_size(&self) -> u64 {
        self.lock().segments.iter().map(Segment::size).sum()
    }

    fn lock(&self) -> MutexGuard<'_, SegmentList> {
        // No panic is possible inside; a poisoned list would be as good as any.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn segment_size(size: u64, max_message_size: usize) -> u64 {
    let (least, most) = SEGMENT_SIZES;
    (size / SEGMENT_COUNT)
        .clamp(least, most)
        .max(segment::HEADER_LEN + record::encoded_len(max_message_size))
}
