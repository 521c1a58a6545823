//! What was taken from a queue and is not acknowledged yet, in files.
//!
//! A journal is a directory of segments: files of a fixed size that are filled one after the other
//! and used again when every message in them is acknowledged. Room is made before a message is
//! taken: a segment is written full of zeros when it is created, so that a full disk is found while
//! the message is still in its queue.
//!
//! [`append`](Journal::append) is a single `write(2)`, which outlives the process; what outlives the
//! machine is what [`sync`](Journal::sync) has covered, for any number of messages at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result, Within};
use crate::locked_directory;
use checkpoint::Acknowledged;
use segment::Segment;
use segment_list::Chain;

pub use record::Record;
pub use segment_list::Room;

mod checkpoint;
mod record;
mod recovery;
mod segment;
mod segment_list;

/// The smallest and the largest that a segment is made, unless one message needs more.
const SEGMENT_SIZES: (u64, u64) = (64 << 10, 16 << 20);
/// How many segments a journal is divided into, where they are not bounded by the above.
const SEGMENTS: u64 = 8;

/// A journal that is open, and locked against every other process.
#[derive(Debug)]
pub struct Journal {
    chain: Mutex<Chain>,
    id: u64,
    // Its lock ends with it.
    _lock: File,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The message that is read next.
    pub sequence: u64,
    segment: u64,
    offset: u64,
}

/// What opening a journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many messages are waiting to be published.
    pub pending: u64,
    /// Where a record that is not whole was put aside, with all behind it.
    pub torn: Option<PathBuf>,
}

impl Journal {
    /// Opens the journal in a directory, making both if need be.
    ///
    /// `size` is what all of its segments may take; `largest` the longest message to make room for.
    ///
    /// # Errors
    ///
    /// If another process has it, if `size` has no room for two segments, if a record is damaged
    /// anywhere but at the tail, and what the file system says.
    pub fn open(directory: &Path, size: u64, largest: usize) -> Result<(Self, Found)> {
        let place = format!("journal {}", directory.display());
        let lock = locked_directory::lock(directory).within(&place)?;
        let segment_size = segment_size(size, largest);
        if size < 2 * segment_size {
            return Err(Error::new(format!(
                "journal_size = {size} is too small: messages of {largest} bytes need {}",
                2 * segment_size
            ))
            .within(place));
        }
        let acknowledged = Acknowledged::open(&directory.join("acknowledged")).within(&place)?;
        let mut chain = Chain {
            directory: directory.to_owned(),
            segments: segment::find(directory).within(&place)?,
            last: acknowledged.sequence(),
            acknowledged,
            segment_size,
            most_segments: size / segment_size,
        };
        let torn = chain.recover().within(&place)?;
        let id = chain.segments.back().map_or(0, Segment::journal);
        chain.drop_acknowledged().within(&place)?;
        let found = Found { pending: chain.last - chain.acknowledged.sequence(), torn };
        Ok((Self { chain: Mutex::new(chain), id, _lock: lock }, found))
    }

    /// A number that no other journal has. With the sequence number it names a message for ever.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether there is room for a message of this length without more ado.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        self.lock().segments.back().is_some_and(|last| last.free() >= record::length(length))
    }

    /// Whether a message of this length can ever have room.
    #[must_use]
    pub fn fits(&self, length: usize) -> bool {
        segment::HEADER + record::length(length) <= self.lock().segment_size
    }

    /// Makes room for a message of this length, in a new segment if need be.
    pub fn reserve(&self, length: usize) -> io::Result<Room> {
        self.lock().reserve(length)
    }

    /// Writes a message into the room that [`reserve`](Self::reserve) made: its sequence number.
    ///
    /// # Errors
    ///
    /// What the file system says; then nothing was added, and it can be tried again.
    pub fn append(&self, priority: u32, time: u64, data: &[u8]) -> io::Result<u64> {
        let mut chain = self.lock();
        let sequence = chain.last + 1;
        let bytes = record::encode(self.id, sequence, priority, time, data)?;
        let Some(segment) = chain.segments.back_mut() else {
            return Err(io::Error::other("no segment was reserved"));
        };
        segment.append(&bytes)?;
        chain.last = sequence;
        Ok(sequence)
    }

    /// Makes what was appended so far durable: the last sequence number that is. `fdatasync(2)`.
    pub fn sync(&self) -> io::Result<u64> {
        let (last, file) = {
            let chain = self.lock();
            (chain.last, chain.segments.back().map(Segment::file))
        };
        // Earlier segments were synced when they were full.
        file.map_or(Ok(()), |file| file.sync_data())?;
        Ok(last)
    }

    /// Where the first message is that nobody has acknowledged.
    #[must_use]
    pub fn start(&self) -> Place {
        let sequence = self.lock().acknowledged.sequence() + 1;
        Place { sequence, segment: 0, offset: 0 }
    }

    /// Reads messages from a place on, up to a sequence number; as many as one reading gives.
    pub fn read(&self, place: &mut Place, up_to: u64) -> io::Result<Vec<Record>> {
        if place.sequence > up_to {
            return Ok(Vec::new());
        }
        let (first, file, size, last) = {
            let chain = self.lock();
            let after = chain.segments.partition_point(|segment| segment.first() <= place.sequence);
            let segment = after.checked_sub(1).and_then(|index| chain.segments.get(index));
            let segment = segment.ok_or_else(|| io::Error::other("the message is not there"))?;
            let last = chain
                .segments
                .get(after)
                .map_or(up_to, |next| up_to.min(next.first().saturating_sub(1)));
            (segment.first(), segment.file(), segment.size(), last)
        };
        let read =
            |offset: &mut u64, from, to| segment::read(&file, size, self.id, offset, from, to);
        if place.segment != first {
            // From the top, passing by what was read before.
            (place.segment, place.offset) = (first, segment::HEADER);
            let mut sequence = first;
            while sequence < place.sequence {
                let passed = read(&mut place.offset, sequence, place.sequence - 1)?;
                sequence += passed.len() as u64;
            }
        }
        let records = read(&mut place.offset, place.sequence, last)?;
        place.sequence += records.len() as u64;
        Ok(records)
    }

    /// Drops every message up to this one.
    pub fn acknowledge(&self, sequence: u64) -> io::Result<()> {
        let mut chain = self.lock();
        chain.acknowledged.advance(sequence)?;
        chain.drop_acknowledged()
    }

    /// How many messages are not acknowledged.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let chain = self.lock();
        chain.last - chain.acknowledged.sequence()
    }

    /// The last sequence number that was given to a message.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// How many bytes its segments take of the disk.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.lock().segments.iter().map(Segment::size).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Chain> {
        // No panic is possible inside; a poisoned chain would be as good as any.
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn segment_size(size: u64, largest: usize) -> u64 {
    let (least, most) = SEGMENT_SIZES;
    (size / SEGMENTS).clamp(least, most).max(segment::HEADER + record::length(largest))
}
