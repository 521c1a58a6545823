//! Recovery after a crash: finds the end of a segment and quarantines a torn tail.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{self, Parsed};
use super::segment::{READ_CHUNK, Segment, read_at};

/// The end of a segment's records.
pub(super) struct Tail {
    /// The sequence number after the last complete record.
    pub(super) next: u64,
    pub(super) is_torn: bool,
}

/// Finds the end of a segment's records.
pub(super) fn recover(segment: &mut Segment) -> io::Result<Tail> {
    let mut next = segment.first_sequence;
    let mut read_len = READ_CHUNK;
    'reading: loop {
        let mut bytes = read_at(&segment.file, segment.end, read_len, segment.size)?;
        if bytes.is_empty() {
            return Ok(Tail { next, is_torn: false });
        }
        let start = segment.end;
        loop {
            match record::parse(&bytes, segment.journal_id, next) {
                Parsed::Complete(_, length) => {
                    segment.end += length as u64;
                    next += 1;
                    let _ = bytes.split_to(length.min(bytes.len()));
                }
                Parsed::NeedMore(_) if segment.end > start => continue 'reading,
                Parsed::NeedMore(length) if length as u64 > segment.size - segment.end => {
                    // Too little is left for a header, or the length is corrupt.
                    return Ok(Tail { next, is_torn: length > 32 });
                }
                Parsed::NeedMore(length) => {
                    read_len = length;
                    continue 'reading;
                }
                Parsed::Blank => {
                    // After a power loss, later pages can be on disk while this one is not.
                    let rest =
                        usize::try_from(segment.size - segment.end).map_err(io::Error::other)?;
                    let rest = read_at(&segment.file, segment.end, rest, segment.size)?;
                    return Ok(Tail { next, is_torn: rest.iter().any(|&byte| byte != 0) });
                }
                Parsed::Torn => return Ok(Tail { next, is_torn: true }),
            }
        }
    }
}

/// Copies everything after the last complete record to a new file, then overwrites it with zeros.
pub(super) fn quarantine_tail(segment: &Segment, directory: &Path) -> io::Result<PathBuf> {
    let rest = usize::try_from(segment.size - segment.end).map_err(io::Error::other)?;
    let bytes = read_at(&segment.file, segment.end, rest, segment.size)?;
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let mut path = directory.join(format!("{:020}-{}.torn", segment.first_sequence, segment.end));
    for copy in 1.. {
        if !path.exists() {
            break;
        }
        path.set_extension(format!("{copy}.torn"));
    }
    let mut file = File::create_new(&path)?;
    file.write_all(bytes.get(..used).unwrap_or_default())?;
    file.sync_all()?;
    segment.file.write_all_at(&vec![0; rest], segment.end)?;
    segment.file.sync_data()?;
    Ok(path)
}
