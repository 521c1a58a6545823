//! A durable journal of messages that the server has not acknowledged yet.
//!
//! A journal is a directory of segments: files of a fixed size that are filled one after the other,
//! and recycled when all their messages are acknowledged. A new segment is filled with zeros, so
//! that a full disk is detected while the message is still in its queue.
//!
//! [`append`](Journal::append) is a single `write(2)`: the message survives a crash of the process.
//! After [`sync`](Journal::sync), all messages appended so far also survive a power loss.

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

/// Limits of the segment size. A segment is larger if one message needs it.
const MIN_SEGMENT_SIZE: u64 = 64 << 10;
const MAX_SEGMENT_SIZE: u64 = 16 << 20;
/// How many segments a journal has, within these limits.
const SEGMENT_COUNT: u64 = 8;

/// An open journal, locked against other processes.
#[derive(Debug)]
pub struct Journal {
    segments: Mutex<SegmentList>,
    id: u64,
    // Dropping the file releases the lock.
    _lock: File,
}

/// The position of a reader.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// The sequence number of the next message to read.
    pub sequence: u64,
    segment: u64,
    offset: u64,
}

/// What opening a journal found and repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// How many messages are not acknowledged.
    pub pending: u64,
    /// The file to which a torn record and everything after it was moved.
    pub quarantined: Option<PathBuf>,
}

impl Journal {
    /// Opens the journal in a directory, and creates both if they are missing.
    ///
    /// `size` limits the total size of the segments. `max_message_size` is the longest message that
    /// a segment must have room for.
    ///
    /// # Errors
    ///
    /// If another process uses the directory; if `size` is less than two segments; if a record is
    /// corrupt anywhere but at the end; if a file operation fails.
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
                "journal_size = {size} is too small: messages of {max_message_size} bytes require {}",
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

    /// Returns the journal's random id. With the sequence number it identifies a message forever.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns whether the current segment has room for a message of this length.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        self.lock()
            .segments
            .back()
            .is_some_and(|last| last.free_space() >= record::encoded_len(length))
    }

    /// Returns whether a message of this length fits in a segment.
    #[must_use]
    pub fn fits(&self, length: usize) -> bool {
        segment::HEADER_LEN + record::encoded_len(length) <= self.lock().segment_size
    }

    /// Makes room for a message of this length, in a new segment if necessary.
    pub fn reserve(&self, length: usize) -> io::Result<Reservation> {
        self.lock().reserve(length)
    }

    /// Appends a message and returns its sequence number. Call [`reserve`](Self::reserve) first.
    ///
    /// # Errors
    ///
    /// If the write fails. Nothing is appended then, and the call can be repeated.
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

    /// Syncs all messages appended so far with `fdatasync(2)`, and returns the last sequence number.
    pub fn sync(&self) -> io::Result<u64> {
        let (last, file) = {
            let list = self.lock();
            (list.last, list.segments.back().map(Segment::file))
        };
        // Earlier segments were synced when they were full.
        file.map_or(Ok(()), |file| file.sync_data())?;
        Ok(last)
    }

    /// Returns a cursor at the first message that is not acknowledged.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let sequence = self.lock().checkpoint.sequence() + 1;
        Cursor { sequence, segment: 0, offset: 0 }
    }

    /// Reads messages from a cursor up to a sequence number, and advances the cursor. Returns the
    /// messages of one read, possibly not all of them.
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
            let segment =
                segment.ok_or_else(|| io::Error::other("the message is not in the journal"))?;
            let end = list
                .segments
                .get(after)
                .map_or(up_to, |next| up_to.min(next.first_sequence().saturating_sub(1)));
            (segment.first_sequence(), segment.file(), segment.size(), end)
        };
        let read =
            |offset: &mut u64, from, to| segment::read(&file, size, self.id, offset, from, to);
        if cursor.segment != first {
            // The segment is new to this cursor: skip the records before it.
            (cursor.segment, cursor.offset) = (first, segment::HEADER_LEN);
            let mut sequence = first;
            while sequence < cursor.sequence {
                let skipped = read(&mut cursor.offset, sequence, cursor.sequence - 1)?;
                sequence += skipped.len() as u64;
            }
        }
        let records = read(&mut cursor.offset, cursor.sequence, end)?;
        cursor.sequence += records.len() as u64;
        Ok(records)
    }

    /// Marks all messages up to this one as acknowledged, and recycles segments.
    pub fn acknowledge(&self, sequence: u64) -> io::Result<()> {
        let mut list = self.lock();
        list.checkpoint.advance(sequence)?;
        list.recycle_acknowledged()
    }

    /// Returns how many messages are not acknowledged.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let list = self.lock();
        list.last - list.checkpoint.sequence()
    }

    /// Returns the sequence number of the last message.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.lock().last
    }

    /// Returns the disk space of the segments, in bytes.
    #[must_use]
    pub fn disk_size(&self) -> u64 {
        self.lock().segments.iter().map(Segment::size).sum()
    }

    fn lock(&self) -> MutexGuard<'_, SegmentList> {
        // No code that holds this lock panics.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn segment_size(size: u64, max_message_size: usize) -> u64 {
    (size / SEGMENT_COUNT)
        .clamp(MIN_SEGMENT_SIZE, MAX_SEGMENT_SIZE)
        .max(segment::HEADER_LEN + record::encoded_len(max_message_size))
}
