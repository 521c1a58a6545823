//! Input cut into messages.

use std::io::{self, BufRead, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::messages::hex;

/// Where one message ends and the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Nowhere: all of it is one.
    Whole,
    /// At each line feed, which belongs to none.
    Lines,
    /// At each NUL byte, which belongs to none.
    Null,
    /// Four bytes before each have its length, the highest first.
    LengthPrefixed,
}

impl Framing {
    /// What a record is called where one is at fault.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Whole => "input",
            Self::Lines => "line",
            Self::Null | Self::LengthPrefixed => "record",
        }
    }

    /// The next record; None at the end of the input. One that is longer than `most` bytes is cut
    /// one byte behind them, which is enough to refuse it.
    pub(crate) fn next(self, input: &mut impl BufRead, most: usize) -> io::Result<Option<Vec<u8>>> {
        // One byte to see that it is too long, one for what ends it.
        let room = (most as u64).saturating_add(2);
        let mut record = Vec::new();
        match self {
            Self::Whole => {
                input.take(room).read_to_end(&mut record)?;
            }
            Self::Lines | Self::Null => {
                let end = if self == Self::Lines { b'\n' } else { 0 };
                if input.take(room).read_until(end, &mut record)? == 0 {
                    return Ok(None);
                }
                record.pop_if(|last| *last == end);
            }
            Self::LengthPrefixed => {
                let Some(length) = length(input)? else { return Ok(None) };
                let length = u64::from(length);
                input.take(length.min(room)).read_to_end(&mut record)?;
                if (record.len() as u64) < length.min(room) {
                    return Err(cut(&format!("{} of {length} bytes", record.len())));
                }
            }
        }
        Ok(Some(record))
    }
}

/// The four bytes of a length, where the input is not at its end.
fn length(input: &mut impl BufRead) -> io::Result<Option<u32>> {
    let mut prefix = Vec::new();
    input.take(4).read_to_end(&mut prefix)?;
    match <[u8; 4]>::try_from(prefix.as_slice()) {
        Ok(prefix) => Ok(Some(u32::from_be_bytes(prefix))),
        Err(_) if prefix.is_empty() => Ok(None),
        Err(_) => Err(cut(&format!("{} of 4 bytes of a length", prefix.len()))),
    }
}

fn cut(what: &str) -> io::Error {
    let text = format!("the input ends in the middle of a record, after {what}");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// What the bytes of a record stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Themselves.
    Plain,
    Hex,
    Base64,
}

impl Coding {
    /// How many bytes may stand for so many, white space included.
    pub(crate) fn most(self, bytes: usize) -> usize {
        match self {
            Self::Plain => bytes,
            Self::Hex | Self::Base64 => bytes.saturating_mul(4).saturating_add(1024),
        }
    }

    pub(crate) fn decode(self, record: Vec<u8>) -> Result<Vec<u8>, String> {
        match self {
            Self::Plain => Ok(record),
            Self::Hex => hex::decode(&record),
            Self::Base64 => BASE64_STANDARD
                .decode(record.trim_ascii())
                .map_err(|error| format!("this is no base64: {error}")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Framing;

    fn all(framing: Framing, mut input: &[u8]) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        while let Some(record) = framing.next(&mut input, 8).unwrap() {
            records.push(record);
        }
        records
    }

    #[test]
    fn what_ends_a_record_may_be_missing_behind_the_last() {
        assert_eq!(all(Framing::Lines, b"a\n\nb"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all(Framing::Lines, b"a\n\nb\n"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all(Framing::Null, b"a\n\0b\0"), [&b"a\n"[..], b"b"]);
        assert_eq!(all(Framing::LengthPrefixed, b"\0\0\0\x02hi\0\0\0\0"), [&b"hi"[..], b""]);
    }

    #[test]
    fn a_record_of_the_most_bytes_is_whole_and_a_longer_one_is_seen_to_be() {
        assert_eq!(all(Framing::Lines, b"12345678\nx"), [&b"12345678"[..], b"x"]);
        let long = Framing::Lines.next(&mut &b"123456789\n"[..], 8).unwrap().unwrap();
        assert!(long.len() > 8);
        let long = Framing::LengthPrefixed.next(&mut &b"\xff\xff\xff\xff1234567890"[..], 8);
        assert!(long.unwrap().unwrap().len() > 8);
    }

    #[test]
    fn a_cut_record_is_an_error() {
        for input in [&b"\0\0"[..], b"\0\0\0\x05four"] {
            assert!(Framing::LengthPrefixed.next(&mut &*input, 8).is_err());
        }
    }
}
