//! The bytes of a dump to messages, or to what is wrong with it, and where.

use std::fmt;
use std::io::{self, Read};

use crc32fast::Hasher;
use posix_mqueue::{Message, PRIORITY_MAX};

use super::format::{END, MAGIC, MESSAGE, Sizes, VERSION};

/// Why there is no next message.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// How many bytes are before it.
    offset: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The file ends before the dump does.
    Cut,
    /// It is not what was written.
    Damaged(String),
    /// The system does not give it.
    Unreadable(io::Error),
}

impl Flaw {
    /// Whether all that there is of it is right.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self.kind, Kind::Cut)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.kind {
            Kind::Cut => write!(f, "the dump is cut: the file ends after {offset} bytes"),
            Kind::Damaged(what) => write!(f, "the dump is damaged at byte {offset}: {what}"),
            Kind::Unreadable(error) => write!(f, "cannot be read at byte {offset}: {error}"),
        }
    }
}

/// Reads a dump in order.
#[derive(Debug)]
pub(crate) struct Decoder<R> {
    input: R,
    offset: u64,
    sum: Hasher,
    sizes: Sizes,
    count: u64,
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Reads the header.
    pub(crate) fn new(input: R) -> Result<Self, Flaw> {
        let sizes = Sizes { capacity: 0, message_size: 0 };
        let sum = Hasher::new();
        let mut dump = Self { input, offset: 0, sum, sizes, count: 0, ended: false };
        dump.magic()?;
        let version = dump.number()?;
        if version != VERSION {
            let text = format!("this is version {version}, and this mqctl reads {VERSION}");
            return Err(damaged(8, text));
        }
        dump.sizes = Sizes { capacity: dump.number()?, message_size: dump.number()? };
        dump.check_sum(0, "the header")?;
        Ok(dump)
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// How many messages have been read.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Reads the next message, if there is one before the end.
    pub(crate) fn next(&mut self, message: &mut Message) -> Result<bool, Flaw> {
        if self.ended {
            return Ok(false);
        }
        let start = self.offset;
        let tag = self.array()?;
        self.sum.update(&tag);
        match tag {
            [MESSAGE] => self.message(start, message).map(|()| true),
            [END] => self.end(start).map(|()| false),
            [other] => {
                let text = format!("neither a message nor the end begins with {other:#04x}");
                Err(damaged(start, text))
            }
        }
    }

    fn message(&mut self, start: u64, message: &mut Message) -> Result<(), Flaw> {
        let record = format!("record {}", self.count + 1);
        message.priority = self.number()?;
        let length = self.number()?;
        // Before either is believed: a wrong length would make a damaged dump look like a cut one.
        self.check_sum(start, &record)?;
        if message.priority > PRIORITY_MAX {
            let text = format!("{record} has priority {}, and none has", message.priority);
            return Err(damaged(start, text));
        }
        if length > self.sizes.message_size {
            let size = self.sizes.message_size;
            let text = format!("{record} has {length} bytes, of a queue that took {size}");
            return Err(damaged(start, text));
        }
        self.data(length, &mut message.data)?;
        self.check_sum(start, &record)?;
        self.count += 1;
        Ok(())
    }

    fn end(&mut self, start: u64) -> Result<(), Flaw> {
        let count = u64::from_be_bytes(self.array()?);
        self.sum.update(&count.to_be_bytes());
        self.check_sum(start, "the end")?;
        if count != self.count {
            let text = format!("{count} records were written, and {} are here", self.count);
            return Err(damaged(start, text));
        }
        let end = self.offset;
        match self.array::<1>() {
            Err(flaw) if flaw.is_cut() => {}
            Err(flaw) => return Err(flaw),
            Ok(_) => return Err(damaged(end, "the file goes on behind the end".into())),
        }
        self.ended = true;
        Ok(())
    }

    /// The first bytes: what begins otherwise is no damaged dump but something else.
    fn magic(&mut self) -> Result<(), Flaw> {
        for expected in MAGIC {
            if self.array()? != [expected] {
                return Err(damaged(0, "this is no dump of mqctl".into()));
            }
        }
        self.sum.update(&MAGIC);
        Ok(())
    }

    fn number(&mut self) -> Result<u32, Flaw> {
        let bytes = self.array()?;
        self.sum.update(&bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    /// Compares what was read with the checksum that is next.
    fn check_sum(&mut self, start: u64, what: &str) -> Result<(), Flaw> {
        let sum = self.sum.clone().finalize();
        if u32::from_be_bytes(self.array()?) == sum {
            return Ok(());
        }
        Err(damaged(start, format!("the checksum of {what} is wrong")))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let mut bytes = [0; N];
        let mut room = &mut bytes[..];
        while !room.is_empty() {
            match self.input.read(room) {
                Ok(0) => return Err(self.flaw(Kind::Cut)),
                Ok(read) => {
                    self.offset += read as u64;
                    room = room.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.flaw(Kind::Unreadable(error))),
            }
        }
        Ok(bytes)
    }

    fn data(&mut self, length: u32, data: &mut Vec<u8>) -> Result<(), Flaw> {
        data.clear();
        let read = self.input.by_ref().take(length.into()).read_to_end(data);
        self.offset += data.len() as u64;
        self.sum.update(data);
        match read {
            Err(error) => Err(self.flaw(Kind::Unreadable(error))),
            Ok(read) if read < length as usize => Err(self.flaw(Kind::Cut)),
            Ok(_) => Ok(()),
        }
    }

    fn flaw(&self, kind: Kind) -> Flaw {
        Flaw { offset: self.offset, kind }
    }
}

fn damaged(offset: u64, what: String) -> Flaw {
    Flaw { offset, kind: Kind::Damaged(what) }
}
