//! One message as bytes: a header, the data, zeros up to a multiple of eight.

use std::io;

use bytes::Bytes;

/// Checksum, length, sequence number, time, priority, and the low half of the journal's number.
const HEADER_LEN: usize = 32;

/// A message as it is in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counts the messages of the journal, from 1.
    pub sequence: u64,
    /// The priority that it had in its queue.
    pub priority: u32,
    /// When it was taken, in nanoseconds since 1970.
    pub time: u64,
    /// The message.
    pub data: Bytes,
}

/// What is found where a record should be.
pub(super) enum Parsed {
    /// A record, and how many bytes it takes.
    Complete(Record, usize),
    /// The record goes on behind these bytes; it takes so many.
    NeedMore(usize),
    /// Zeros.
    Blank,
    /// The beginning of this record, but not all of it.
    Torn,
}

/// How many bytes the record of a message of this length takes.
pub(super) fn encoded_len(data: usize) -> u64 {
    (HEADER_LEN as u64 + data as u64).next_multiple_of(8)
}

pub(super) fn encode(
    journal: u64,
    sequence: u64,
    priority: u32,
    time: u64,
    data: &[u8],
) -> io::Result<Vec<u8>> {
    let size = u32::try_from(data.len()).map_err(io::Error::other)?;
    let padded = (HEADER_LEN + data.len()).next_multiple_of(8);
    let mut bytes = Vec::with_capacity(padded);
    bytes.extend([0; 4]);
    bytes.extend(size.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(time.to_le_bytes());
    bytes.extend(priority.to_le_bytes());
    bytes.extend(journal_tag(journal));
    bytes.extend(data);
    let checksum = crc32fast::hash(bytes.get(4..).unwrap_or_default());
    if let Some(location) = bytes.first_chunk_mut() {
        *location = checksum.to_le_bytes();
    }
    bytes.resize(padded, 0);
    Ok(bytes)
}

/// Looks at the start of `bytes` for the record of a sequence number.
pub(super) fn parse(bytes: &Bytes, journal: u64, expected: u64) -> Parsed {
    let Some((header, _)) = bytes.split_at_checked(HEADER_LEN) else {
        return Parsed::NeedMore(HEADER_LEN);
    };
    let [checksum, size] = [read_u32(header, 0), read_u32(header, 4)];
    let [sequence, time] = [read_u64(header, 8), read_u64(header, 16)];
    let priority = read_u32(header, 24);
    if sequence != expected || header.get(28..) != Some(&journal_tag(journal)) {
        let is_blank = header.iter().all(|&byte| byte == 0);
        return if is_blank { Parsed::Blank } else { Parsed::Torn };
    }
    let end = HEADER_LEN + size as usize;
    let padded = end.next_multiple_of(8);
    let Some(covered) = bytes.get(4..end) else {
        return Parsed::NeedMore(padded);
    };
    if crc32fast::hash(covered) != checksum {
        return Parsed::Torn;
    }
    Parsed::Complete(
        Record { sequence, priority, time, data: bytes.slice(HEADER_LEN..end) },
        padded,
    )
}

/// So that a file of another journal is not taken for one of this.
fn journal_tag(journal: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = journal.to_le_bytes();
    [a, b, c, d]
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
