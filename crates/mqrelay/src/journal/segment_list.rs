//! The segments of a journal, in order.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use super::checkpoint::AckCheckpoint;
use super::record;
use super::recovery::{quarantine_tail, recover};
use super::segment::{self, Segment};

/// Whether the journal has room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// There is room in the current segment.
    Ready,
    /// The journal is full until messages are acknowledged.
    Full,
}

/// The segments of a journal, and which of their messages are acknowledged.
#[derive(Debug)]
pub(super) struct SegmentList {
    pub(super) directory: PathBuf,
    /// Segments by first sequence number. The last one is being filled.
    pub(super) segments: VecDeque<Segment>,
    pub(super) checkpoint: AckCheckpoint,
    pub(super) last: u64,
    pub(super) segment_size: u64,
    pub(super) max_segments: u64,
}

impl SegmentList {
    /// Finds the end of the last segment, and quarantines a torn tail.
    pub(super) fn recover(&mut self) -> io::Result<Option<PathBuf>> {
        let mut quarantined = None;
        let mut expected = None;
        let count = self.segments.len();
        for (index, segment) in self.segments.iter_mut().enumerate() {
            let tail = recover(segment)?;
            let is_last = index + 1 == count;
            // Acknowledged messages may be missing, because their segments were recycled.
            let is_gap = expected != Some(segment.first_sequence())
                && segment.first_sequence() > self.checkpoint.sequence() + 1;
            if is_gap || (tail.is_torn && !is_last) {
                return Err(io::Error::other(format!(
                    "messages around {} are missing or corrupt; to continue without them, move \
                     the directory away",
                    segment.path().display()
                )));
            }
            if tail.is_torn {
                quarantined = Some(quarantine_tail(segment, &self.directory)?);
            }
            expected = Some(tail.next);
            self.last = self.last.max(tail.next.saturating_sub(1));
        }
        // A segment that ends before the acknowledged sequence number cannot be continued.
        if expected != Some(self.last + 1) {
            let id = self
                .segments
                .back()
                .map(Segment::journal_id)
                .map_or_else(segment::random_id, Ok)?;
            self.add_segment(id)?;
        }
        self.segments.back().map_or(Ok(()), |segment| segment.file().sync_data())?;
        Ok(quarantined)
    }

    pub(super) fn reserve(&mut self, length: usize) -> io::Result<Reservation> {
        let needed = record::encoded_len(length);
        let Some(segment) = self.segments.back() else {
            return Err(io::Error::other("the journal has no segment"));
        };
        if segment.free_space() >= needed {
            return Ok(Reservation::Ready);
        }
        if segment::HEADER_LEN + needed > self.segment_size {
            return Err(io::Error::other(format!("no segment has room for {length} bytes")));
        }
        if self.segments.len() as u64 >= self.max_segments {
            return Ok(Reservation::Full);
        }
        let id = segment.journal_id();
        segment.file().sync_data()?;
        self.add_segment(id)?;
        Ok(Reservation::Ready)
    }

    fn add_segment(&mut self, id: u64) -> io::Result<()> {
        let first = self.last + 1;
        self.segments.push_back(Segment::create(&self.directory, id, first, self.segment_size)?);
        Ok(())
    }

    /// Recycles the segments whose messages are all acknowledged, except the one being filled.
    pub(super) fn recycle_acknowledged(&mut self) -> io::Result<()> {
        let acknowledged = self.checkpoint.sequence();
        while self.segments.get(1).is_some_and(|next| next.first_sequence() <= acknowledged + 1) {
            // Without this sync, a power loss could restore an older checkpoint, which points to
            // messages of the recycled segment.
            self.checkpoint.sync()?;
            if let Some(segment) = self.segments.pop_front() {
                segment.recycle(&self.directory)?;
            }
        }
        Ok(())
    }
}
