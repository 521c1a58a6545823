//! A dump that has been read to its end and checked before it is used.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::path::Path;

use posix_mqueue::Message;

use super::decoder::{DecodeError, Decoder};
use super::format::QueueSizes;
use crate::failure::{Failure, Outcome};

/// A complete dump, or a truncated one if the caller accepts that.
pub(crate) struct VerifiedDump {
    decoder: Decoder<Box<dyn Read>>,
    count: u64,
    truncation: Option<DecodeError>,
}

impl VerifiedDump {
    /// Reads the dump once and passes each message and its number to `check`, then rewinds to the
    /// first message. `-` is standard input.
    pub(crate) fn open(
        path: &Path,
        partial: bool,
        check: impl Fn(u64, &Message) -> Outcome,
    ) -> Outcome<Self> {
        let io_failure = |error: io::Error| Failure::for_file(path, error);
        let decode_failure = |error: &DecodeError| {
            let failure = Failure::for_file(path, error);
            let hint = if error.is_truncated() {
                "; use --partial to send the complete messages"
            } else {
                ""
            };
            failure.with_context(format!("nothing was sent{hint}"))
        };
        let mut input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(io_failure)?;
            if file.metadata().map_err(io_failure)?.is_file() {
                let again = file.try_clone().map_err(io_failure)?;
                let (count, truncation) =
                    read(BufReader::new(file), partial, check, decode_failure)?;
                // Both descriptors share one file offset.
                (&again).rewind().map_err(io_failure)?;
                return Self::at_start(
                    Box::new(BufReader::new(again)),
                    count,
                    truncation,
                    decode_failure,
                );
            }
            Box::new(file)
        };
        // A pipe cannot be read twice, so keep its bytes.
        let mut recorder = RecordingReader { input: &mut input, bytes: Vec::new() };
        let (count, truncation) =
            read(BufReader::new(&mut recorder), partial, check, decode_failure)?;
        Self::at_start(Box::new(Cursor::new(recorder.bytes)), count, truncation, decode_failure)
    }

    fn at_start(
        input: Box<dyn Read>,
        count: u64,
        truncation: Option<DecodeError>,
        decode_failure: impl Fn(&DecodeError) -> Failure,
    ) -> Outcome<Self> {
        let decoder = Decoder::new(input).map_err(|error| decode_failure(&error))?;
        Ok(Self { decoder, count, truncation })
    }

    pub(crate) fn sizes(&self) -> QueueSizes {
        self.decoder.sizes()
    }

    /// Returns the number of messages.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Returns the error after the last message of a truncated dump.
    pub(crate) fn truncation(&self) -> Option<&DecodeError> {
        self.truncation.as_ref()
    }

    /// Reads the next message. Fails only if another process changes the file.
    pub(crate) fn read_next(&mut self, message: &mut Message) -> Result<bool, DecodeError> {
        if self.decoder.count() == self.count {
            return Ok(false);
        }
        self.decoder.read_next(message)
    }
}

/// Returns the number of messages, and the error if the dump is truncated after them.
fn read(
    input: impl Read,
    partial: bool,
    check: impl Fn(u64, &Message) -> Outcome,
    decode_failure: impl Fn(&DecodeError) -> Failure,
) -> Outcome<(u64, Option<DecodeError>)> {
    let mut decoder = Decoder::new(input).map_err(|error| decode_failure(&error))?;
    let mut message = Message::default();
    // Corruption anywhere in the dump takes precedence over a message that does not fit.
    let mut fits = Ok(());
    let truncation = loop {
        match decoder.read_next(&mut message) {
            Ok(true) => fits = fits.and_then(|()| check(decoder.count(), &message)),
            Ok(false) => break None,
            Err(error) if partial && error.is_truncated() => break Some(error),
            Err(error) => return Err(decode_failure(&error)),
        }
    };
    fits.map(|()| (decoder.count(), truncation))
}

/// Records the bytes that are read through it.
struct RecordingReader<'a> {
    input: &'a mut dyn Read,
    bytes: Vec<u8>,
}

impl Read for RecordingReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes.extend(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
