//! The encoding of one message: a header, the data, and padding to a multiple of eight bytes.

use std::io;

use bytes::Bytes;

/// Checksum, length, sequence number, time, priority, and the low half of the journal's id.
const HEADER_LEN: usize = 32;

/// A message in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number of the message in this journal, from 1.
    pub sequence: u64,
    /// The message's priority.
    pub priority: u32,
    /// When the message was received, in nanoseconds since 1970.
    pub time: u64,
    /// The message's payload.
    pub data: Bytes,
}

/// The result of parsing a record.
pub(super) enum Parsed {
    /// A complete record and its encoded length.
    Complete(Record, usize),
    /// The record continues after the given bytes; its encoded length.
    NeedMore(usize),
    /// Zeros: no record.
    Blank,
    /// An incomplete or corrupt record.
    Torn,
}

/// Returns the encoded length of a message of this length.
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
    if let Some(field) = bytes.first_chunk_mut() {
        *field = checksum.to_le_bytes();
    }
    bytes.resize(padded, 0);
    Ok(bytes)
}

/// Parses the record with the expected sequence number at the start of `bytes`.
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

/// Returns the part of the id that marks records, so that remains of another journal are not parsed.
fn journal_tag(journal: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = journal.to_le_bytes();
    [a, b, c, d]
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    field.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    field.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
