//! One file of a journal: a header, records, and zeros up to a fixed size.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::record::{self, Parsed, Record, read_u64};

/// Magic number, journal id, first sequence number, and checksum.
pub(super) const HEADER_LEN: u64 = 32;
const MAGIC: &[u8; 8] = b"mqrelay1";
const SUFFIX: &str = "segment";
const SPARE_NAME: &str = "spare";
/// How many bytes to read at once, unless a record is longer.
pub(super) const READ_CHUNK: usize = 256 << 10;

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    pub(super) file: Arc<File>,
    pub(super) journal_id: u64,
    pub(super) first_sequence: u64,
    pub(super) size: u64,
    pub(super) end: u64,
}

/// Returns a random journal id.
pub(super) fn random_id() -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Opens the segments of a directory, in order.
pub(super) fn open_all(directory: &Path) -> io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX) {
            segments.push(Segment::open(path)?);
        }
    }
    segments.sort_by_key(Segment::first_sequence);
    Ok(segments.into())
}

/// Reads the records from `first_sequence` to `up_to` that one read returns, and advances the offset.
pub(super) fn read(
    file: &File,
    size: u64,
    journal_id: u64,
    offset: &mut u64,
    first_sequence: u64,
    up_to: u64,
) -> io::Result<Vec<Record>> {
    let mut read_len = READ_CHUNK;
    loop {
        let mut bytes = read_at(file, *offset, read_len, size)?;
        let mut records = Vec::new();
        let mut sequence = first_sequence;
        let mut truncated = None;
        while sequence <= up_to {
            match record::parse(&bytes, journal_id, sequence) {
                Parsed::Complete(record, length) => {
                    records.push(record);
                    *offset += length as u64;
                    sequence += 1;
                    let _ = bytes.split_to(length.min(bytes.len()));
                }
                Parsed::NeedMore(length) => {
                    truncated = Some(length);
                    break;
                }
                Parsed::Blank | Parsed::Torn => {
                    return Err(io::Error::other(format!(
                        "message {sequence} of the journal is corrupt"
                    )));
                }
            }
        }
        match truncated {
            Some(length) if records.is_empty() && length > read_len => read_len = length,
            Some(_) if records.is_empty() => {
                return Err(io::Error::other(format!(
                    "message {first_sequence} of the journal is truncated"
                )));
            }
            _ => return Ok(records),
        }
    }
}

fn checksum(header: &[u8]) -> u64 {
    crc32fast::hash(header).into()
}

pub(super) fn read_at(file: &File, offset: u64, len: usize, size: u64) -> io::Result<Bytes> {
    let remaining = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; len.min(remaining)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes.into())
}

impl Segment {
    /// Creates a segment. It is durable before it gets its name.
    pub(super) fn create(
        directory: &Path,
        journal_id: u64,
        first_sequence: u64,
        size: u64,
    ) -> io::Result<Self> {
        let spare = directory.join(SPARE_NAME);
        let file = preallocate(&spare, size)?;
        let mut header = Vec::with_capacity(32);
        header.extend(MAGIC);
        header.extend(journal_id.to_le_bytes());
        header.extend(first_sequence.to_le_bytes());
        header.extend(checksum(&header).to_le_bytes());
        file.write_all_at(&header, 0)?;
        file.sync_all()?;
        let path = directory.join(format!("{first_sequence:020}.{SUFFIX}"));
        fs::rename(&spare, &path)?;
        File::open(directory)?.sync_all()?;
        Ok(Self { path, file: Arc::new(file), journal_id, first_sequence, size, end: HEADER_LEN })
    }

    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let size = file.metadata()?.len();
        let mut header = [0; 32];
        file.read_exact_at(&mut header, 0)?;
        let (covered, last) = header.split_at(24);
        if !covered.starts_with(MAGIC) || read_u64(last, 0) != checksum(covered) {
            return Err(io::Error::other(format!("{} is not a journal segment", path.display())));
        }
        let (journal_id, first_sequence) = (read_u64(covered, 8), read_u64(covered, 16));
        Ok(Self { path, file: Arc::new(file), journal_id, first_sequence, size, end: HEADER_LEN })
    }

    /// Appends a record. After a failure, the next append overwrites what was written of it.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.free_space() < bytes.len() as u64 {
            return Err(io::Error::other("no space was reserved in the segment"));
        }
        self.file.write_all_at(bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Keeps the file as the spare for the next segment, or removes it if there is one.
    pub(super) fn recycle(self, directory: &Path) -> io::Result<()> {
        let spare = directory.join(SPARE_NAME);
        if spare.exists() {
            return fs::remove_file(&self.path);
        }
        fs::rename(&self.path, &spare)?;
        // Make the rename durable before new contents are written to the file.
        File::open(directory)?.sync_all()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn journal_id(&self) -> u64 {
        self.journal_id
    }

    pub(super) fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn free_space(&self) -> u64 {
        self.size - self.end
    }
}

/// Fills a file with zeros to allocate its disk space, and reuses a spare file. If the disk is full,
/// removes the file.
fn preallocate(path: &Path, size: u64) -> io::Result<File> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let zeros = io::repeat(0).take(size);
    let written = io::copy(&mut io::BufReader::with_capacity(READ_CHUNK, zeros), &mut file);
    match written.and_then(|_| file.set_len(size)) {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}
