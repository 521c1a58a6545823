//! The segments of a journal, one behind the other: found, added, given up.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use super::checkpoint::Acknowledged;
use super::record;
use super::recovery::{put_torn_aside, recover};
use super::segment::{self, Segment};

/// Whether there is room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is: the next append writes over zeros.
    Ready,
    /// Not before something is acknowledged.
    Full,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) directory: PathBuf,
    /// By their first sequence number; never empty: the last one is being filled.
    pub(super) segments: VecDeque<Segment>,
    pub(super) acknowledged: Acknowledged,
    pub(super) last: u64,
    pub(super) segment_size: u64,
    pub(super) most_segments: u64,
}

impl Chain {
    /// Finds the end of the last segment, and puts aside what is torn there.
    pub(super) fn recover(&mut self) -> io::Result<Option<PathBuf>> {
        let mut torn = None;
        let mut expected = None;
        let count = self.segments.len();
        for (index, segment) in self.segments.iter_mut().enumerate() {
            let tail = recover(segment)?;
            let is_last = index + 1 == count;
            // What is acknowledged may be missing.
            let is_gap = expected != Some(segment.first())
                && segment.first() > self.acknowledged.sequence() + 1;
            if is_gap || (tail.is_torn && !is_last) {
                return Err(io::Error::other(format!(
                    "messages around {} are missing or damaged; move the directory aside to go on \
                     without",
                    segment.path().display()
                )));
            }
            if tail.is_torn {
                torn = Some(put_torn_aside(segment, &self.directory)?);
            }
            expected = Some(tail.next);
            self.last = self.last.max(tail.next.saturating_sub(1));
        }
        // The room of a segment that ends before what was acknowledged cannot be used.
        if expected != Some(self.last + 1) {
            let id = self.segments.back().map(Segment::journal).map_or_else(segment::new_id, Ok)?;
            self.add_segment(id)?;
        }
        self.segments.back().map_or(Ok(()), |segment| segment.file().sync_data())?;
        Ok(torn)
    }

    pub(super) fn reserve(&mut self, length: usize) -> io::Result<Room> {
        let needed = record::length(length);
        let Some(segment) = self.segments.back() else {
            return Err(io::Error::other("the journal has no segment"));
        };
        if segment.free() >= needed {
            return Ok(Room::Ready);
        }
        if segment::HEADER + needed > self.segment_size {
            return Err(io::Error::other(format!("no segment has room for {length} bytes")));
        }
        if self.segments.len() as u64 >= self.most_segments {
            return Ok(Room::Full);
        }
        let id = segment.journal();
        segment.file().sync_data()?;
        self.add_segment(id)?;
        Ok(Room::Ready)
    }

    fn add_segment(&mut self, id: u64) -> io::Result<()> {
        let first = self.last + 1;
        self.segments.push_back(Segment::create(&self.directory, id, first, self.segment_size)?);
        Ok(())
    }

    /// Gives up the segments in which everything is acknowledged, except the one being filled.
    pub(super) fn drop_acknowledged(&mut self) -> io::Result<()> {
        let acknowledged = self.acknowledged.sequence();
        while self.segments.get(1).is_some_and(|next| next.first() <= acknowledged + 1) {
            // So that no machine that fails forgets this, and misses what was in the segment.
            self.acknowledged.sync()?;
            if let Some(segment) = self.segments.pop_front() {
                segment.retire(&self.directory)?;
            }
        }
        Ok(())
    }
}
