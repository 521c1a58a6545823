//! A dump that was read to its end before anything is done with it.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::path::Path;

use posix_mqueue::Message;

use super::decoder::{Decoder, Flaw};
use super::format::Sizes;
use crate::failure::{Failure, Outcome};

/// One that is whole, or, where that was asked for, cut.
pub(crate) struct Verified {
    decoder: Decoder<Box<dyn Read>>,
    count: u64,
    cut: Option<Flaw>,
}

impl Verified {
    /// Reads it once, giving each message and its number to `check`, and then stands at the first
    /// one again. `-` is standard input.
    pub(crate) fn open(
        path: &Path,
        partial: bool,
        check: impl Fn(u64, &Message) -> Outcome,
    ) -> Outcome<Self> {
        let about = |error: io::Error| Failure::about_file(path, error);
        let flawed = |flaw: &Flaw| {
            let failure = Failure::about_file(path, flaw);
            let hint = if flaw.is_cut() { "; --partial takes what is whole" } else { "" };
            failure.and(format!("nothing was sent{hint}"))
        };
        let mut input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(about)?;
            if file.metadata().map_err(about)?.is_file() {
                let again = file.try_clone().map_err(about)?;
                let (count, cut) = read(BufReader::new(file), partial, check, flawed)?;
                // Both have one position in the file.
                (&again).rewind().map_err(about)?;
                return Self::stand(Box::new(BufReader::new(again)), count, cut, flawed);
            }
            Box::new(file)
        };
        // What cannot be read twice is kept.
        let mut kept = Kept { input: &mut input, bytes: Vec::new() };
        let (count, cut) = read(BufReader::new(&mut kept), partial, check, flawed)?;
        Self::stand(Box::new(Cursor::new(kept.bytes)), count, cut, flawed)
    }

    fn stand(
        input: Box<dyn Read>,
        count: u64,
        cut: Option<Flaw>,
        flawed: impl Fn(&Flaw) -> Failure,
    ) -> Outcome<Self> {
        let decoder = Decoder::new(input).map_err(|flaw| flawed(&flaw))?;
        Ok(Self { decoder, count, cut })
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.decoder.sizes()
    }

    /// How many messages there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// What is wrong behind the last of them.
    pub(crate) fn cut(&self) -> Option<&Flaw> {
        self.cut.as_ref()
    }

    /// Reads the next message. That fails only if the file is changed meanwhile.
    pub(crate) fn next(&mut self, message: &mut Message) -> Result<bool, Flaw> {
        if self.decoder.count() == self.count {
            return Ok(false);
        }
        self.decoder.next(message)
    }
}

/// How many messages there are, and whether it is cut behind them.
fn read(
    input: impl Read,
    partial: bool,
    check: impl Fn(u64, &Message) -> Outcome,
    flawed: impl Fn(&Flaw) -> Failure,
) -> Outcome<(u64, Option<Flaw>)> {
    let mut decoder = Decoder::new(input).map_err(|flaw| flawed(&flaw))?;
    let mut message = Message::default();
    // A message that does not fit is told only of a dump that is not damaged behind it.
    let mut fits = Ok(());
    let cut = loop {
        match decoder.next(&mut message) {
            Ok(true) => fits = fits.and_then(|()| check(decoder.count(), &message)),
            Ok(false) => break None,
            Err(flaw) if partial && flaw.is_cut() => break Some(flaw),
            Err(flaw) => return Err(flawed(&flaw)),
        }
    };
    fits.map(|()| (decoder.count(), cut))
}

/// Keeps what is read through it.
struct Kept<'a> {
    input: &'a mut dyn Read,
    bytes: Vec<u8>,
}

impl Read for Kept<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(room)?;
        self.bytes.extend(room.get(..read).unwrap_or_default());
        Ok(read)
    }
}
