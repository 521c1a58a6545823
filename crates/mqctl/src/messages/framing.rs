//! Splitting input into messages.

use std::io::{self, BufRead, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::messages::hex;

/// How messages are separated in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The whole input is one message.
    Single,
    /// A line feed ends each message and is not part of it.
    Lines,
    /// A NUL byte ends each message and is not part of it.
    Null,
    /// A length of 4 bytes, big-endian, precedes each message.
    LengthPrefixed,
}

impl Framing {
    /// What a message is called in error messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Single => "input",
            Self::Lines => "line",
            Self::Null | Self::LengthPrefixed => "message",
        }
    }

    /// Reads the next message, or returns None at the end of the input. A message longer than
    /// `max_len` is truncated after `max_len` + 1 bytes or more, which is enough to reject it.
    pub(crate) fn next_message(
        self,
        input: &mut impl BufRead,
        max_len: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        // One byte more shows that the message is too long; one more is for the terminator.
        let room = (max_len as u64).saturating_add(2);
        let mut message = Vec::new();
        match self {
            Self::Single => {
                input.take(room).read_to_end(&mut message)?;
            }
            Self::Lines | Self::Null => {
                let end = if self == Self::Lines { b'\n' } else { 0 };
                if input.take(room).read_until(end, &mut message)? == 0 {
                    return Ok(None);
                }
                message.pop_if(|last| *last == end);
            }
            Self::LengthPrefixed => {
                let Some(length) = read_length(input)? else { return Ok(None) };
                let length = u64::from(length);
                input.take(length.min(room)).read_to_end(&mut message)?;
                if (message.len() as u64) < length.min(room) {
                    return Err(truncated(&format!("{} of {length} bytes", message.len())));
                }
            }
        }
        Ok(Some(message))
    }
}

/// Reads a length, or returns None at the end of the input.
fn read_length(input: &mut impl BufRead) -> io::Result<Option<u32>> {
    let mut prefix = Vec::new();
    input.take(4).read_to_end(&mut prefix)?;
    match <[u8; 4]>::try_from(prefix.as_slice()) {
        Ok(prefix) => Ok(Some(u32::from_be_bytes(prefix))),
        Err(_) if prefix.is_empty() => Ok(None),
        Err(_) => Err(truncated(&format!("{} of 4 length bytes", prefix.len()))),
    }
}

fn truncated(what: &str) -> io::Error {
    let text = format!("the input ends within a message, after {what}");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// The encoding of each message in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes as they are.
    Raw,
    Hex,
    Base64,
}

impl Encoding {
    /// Returns the maximum length, including white space, of the encoding of `bytes` bytes.
    pub(crate) fn max_encoded_len(self, bytes: usize) -> usize {
        match self {
            Self::Raw => bytes,
            Self::Hex | Self::Base64 => bytes.saturating_mul(4).saturating_add(1024),
        }
    }

    pub(crate) fn decode(self, message: Vec<u8>) -> Result<Vec<u8>, String> {
        match self {
            Self::Raw => Ok(message),
            Self::Hex => hex::decode(&message),
            Self::Base64 => BASE64_STANDARD
                .decode(message.trim_ascii())
                .map_err(|error| format!("not valid base64: {error}")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Framing;

    fn all(framing: Framing, mut input: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some(message) = framing.next_message(&mut input, 8).unwrap() {
            messages.push(message);
        }
        messages
    }

    #[test]
    fn last_terminator_is_optional() {
        assert_eq!(all(Framing::Lines, b"a\n\nb"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all(Framing::Lines, b"a\n\nb\n"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all(Framing::Null, b"a\n\0b\0"), [&b"a\n"[..], b"b"]);
        assert_eq!(all(Framing::LengthPrefixed, b"\0\0\0\x02hi\0\0\0\0"), [&b"hi"[..], b""]);
    }

    #[test]
    fn longest_message_is_complete_and_longer_is_detected() {
        assert_eq!(all(Framing::Lines, b"12345678\nx"), [&b"12345678"[..], b"x"]);
        let long = Framing::Lines.next_message(&mut &b"123456789\n"[..], 8).unwrap().unwrap();
        assert!(long.len() > 8);
        let long = Framing::LengthPrefixed.next_message(&mut &b"\xff\xff\xff\xff1234567890"[..], 8);
        assert!(long.unwrap().unwrap().len() > 8);
    }

    #[test]
    fn truncated_message_is_an_error() {
        for input in [&b"\0\0"[..], b"\0\0\0\x05four"] {
            assert!(Framing::LengthPrefixed.next_message(&mut &*input, 8).is_err());
        }
    }
}
