//! Decodes a dump into messages, or into an error with its offset.

use std::fmt;
use std::io::{self, Read};

use crc32fast::Hasher;
use posix_mqueue::{Message, PRIORITY_MAX};

use super::format::{END_TAG, MAGIC, MESSAGE_TAG, QueueSizes, VERSION};

/// Why the next message cannot be read.
#[derive(Debug)]
pub(crate) struct DecodeError {
    /// The offset in the file.
    offset: u64,
    kind: DecodeErrorKind,
}

#[derive(Debug)]
enum DecodeErrorKind {
    /// The file ends before the dump is complete.
    Truncated,
    /// The bytes are not a dump, or have been changed.
    Corrupt(String),
    /// Reading failed.
    Io(io::Error),
}

impl DecodeError {
    /// Whether everything before the end of the file is valid.
    pub(crate) fn is_truncated(&self) -> bool {
        matches!(self.kind, DecodeErrorKind::Truncated)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.kind {
            DecodeErrorKind::Truncated => {
                write!(f, "the dump is truncated after {offset} bytes")
            }
            DecodeErrorKind::Corrupt(what) => {
                write!(f, "the dump is corrupt at byte {offset}: {what}")
            }
            DecodeErrorKind::Io(error) => write!(f, "cannot be read at byte {offset}: {error}"),
        }
    }
}

/// Reads a dump from start to end.
#[derive(Debug)]
pub(crate) struct Decoder<R> {
    input: R,
    offset: u64,
    checksum: Hasher,
    sizes: QueueSizes,
    count: u64,
    is_finished: bool,
}

impl<R: Read> Decoder<R> {
    /// Reads the header.
    pub(crate) fn new(input: R) -> Result<Self, DecodeError> {
        let sizes = QueueSizes { capacity: 0, message_size: 0 };
        let checksum = Hasher::new();
        let mut dump = Self { input, offset: 0, checksum, sizes, count: 0, is_finished: false };
        dump.read_magic()?;
        let version = dump.read_u32()?;
        if version != VERSION {
            let text = format!(
                "format version {version} is not supported; this mqctl reads version {VERSION}"
            );
            return Err(corrupt(8, text));
        }
        dump.sizes = QueueSizes { capacity: dump.read_u32()?, message_size: dump.read_u32()? };
        dump.verify_checksum(0, "the header")?;
        Ok(dump)
    }

    pub(crate) fn sizes(&self) -> QueueSizes {
        self.sizes
    }

    /// Returns the number of messages read.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Reads the next message. Returns false at the end of the dump.
    pub(crate) fn read_next(&mut self, message: &mut Message) -> Result<bool, DecodeError> {
        if self.is_finished {
            return Ok(false);
        }
        let start = self.offset;
        let tag = self.read_array()?;
        self.checksum.update(&tag);
        match tag {
            [MESSAGE_TAG] => self.read_message(start, message).map(|()| true),
            [END_TAG] => self.read_end(start).map(|()| false),
            [other] => {
                let text = format!("{other:#04x} is not a valid tag");
                Err(corrupt(start, text))
            }
        }
    }

    fn read_message(&mut self, start: u64, message: &mut Message) -> Result<(), DecodeError> {
        let message_label = format!("message {}", self.count + 1);
        message.priority = self.read_u32()?;
        let length = self.read_u32()?;
        // The checksum must be verified before the length is used: with a corrupt length, a corrupt
        // dump would look truncated.
        self.verify_checksum(start, &message_label)?;
        if message.priority > PRIORITY_MAX {
            let text =
                format!("{message_label} has priority {}, above {PRIORITY_MAX}", message.priority);
            return Err(corrupt(start, text));
        }
        if length > self.sizes.message_size {
            let size = self.sizes.message_size;
            let text =
                format!("{message_label} has {length} bytes, above the queue's msgsize of {size}");
            return Err(corrupt(start, text));
        }
        self.read_data(length, &mut message.data)?;
        self.verify_checksum(start, &message_label)?;
        self.count += 1;
        Ok(())
    }

    fn read_end(&mut self, start: u64) -> Result<(), DecodeError> {
        let count = u64::from_be_bytes(self.read_array()?);
        self.checksum.update(&count.to_be_bytes());
        self.verify_checksum(start, "the end")?;
        if count != self.count {
            let text = format!("the dump should have {count} messages and has {}", self.count);
            return Err(corrupt(start, text));
        }
        let end = self.offset;
        match self.read_array::<1>() {
            Err(error) if error.is_truncated() => {}
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(corrupt(end, "the file continues after the end of the dump".into()));
            }
        }
        self.is_finished = true;
        Ok(())
    }

    /// Reads the magic bytes. A file that starts differently is not a dump at all.
    fn read_magic(&mut self) -> Result<(), DecodeError> {
        for expected in MAGIC {
            if self.read_array()? != [expected] {
                return Err(corrupt(0, "this is not a dump of mqctl".into()));
            }
        }
        self.checksum.update(&MAGIC);
        Ok(())
    }

    fn read_u32(&mut self) -> Result<u32, DecodeError> {
        let bytes = self.read_array()?;
        self.checksum.update(&bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    /// Reads a checksum and compares it with that of the bytes read so far.
    fn verify_checksum(&mut self, start: u64, what: &str) -> Result<(), DecodeError> {
        let sum = self.checksum.clone().finalize();
        if u32::from_be_bytes(self.read_array()?) == sum {
            return Ok(());
        }
        Err(corrupt(start, format!("the checksum of {what} is wrong")))
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut bytes = [0; N];
        let mut buffer = &mut bytes[..];
        while !buffer.is_empty() {
            match self.input.read(buffer) {
                Ok(0) => return Err(self.error(DecodeErrorKind::Truncated)),
                Ok(read) => {
                    self.offset += read as u64;
                    buffer = buffer.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(DecodeErrorKind::Io(error))),
            }
        }
        Ok(bytes)
    }

    fn read_data(&mut self, length: u32, data: &mut Vec<u8>) -> Result<(), DecodeError> {
        data.clear();
        let read = self.input.by_ref().take(length.into()).read_to_end(data);
        self.offset += data.len() as u64;
        self.checksum.update(data);
        match read {
            Err(error) => Err(self.error(DecodeErrorKind::Io(error))),
            Ok(read) if read < length as usize => Err(self.error(DecodeErrorKind::Truncated)),
            Ok(_) => Ok(()),
        }
    }

    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { offset: self.offset, kind }
    }
}

fn corrupt(offset: u64, what: String) -> DecodeError {
    DecodeError { offset, kind: DecodeErrorKind::Corrupt(what) }
}
