//! `mqctl drain`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use posix_mqueue::{Deadline, Message, MessageQueue, QueueName};

use crate::display::output;
use crate::display::plural::messages;
use crate::display::progress::Progress;
use crate::dump::encoder::Encoder;
use crate::dump::format::Sizes;
use crate::dump::partial_file::PartialFile;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::requeue::{self, Hand, Spill};
use crate::messages::stdout;
use crate::queue::timed;
use crate::values::queue_name;

/// Take all messages of a queue into a file
///
/// The file keeps their bytes, priorities and order, for `mqctl restore`. It is FILE.partial until
/// it is whole, and each message is written to it before the next one is taken: whatever ends mqctl,
/// all but the message in hand is there, and `mqctl restore --partial` takes it. A signal ends it
/// between two messages, with a whole FILE of those that were taken. If a message cannot be
/// written, it is put back with its priority, behind others of the same; where that cannot be, it is
/// written to the file of --spill, or, in base64, to standard error, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue's name, as in /jobs
    #[arg(value_parser = queue_name::parser())]
    queue: QueueName,
    /// A new file; - is standard output
    file: PathBuf,
    /// Take so many messages at most
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Replace the file if there is one, when the new one is whole
    #[arg(long, short)]
    force: bool,
    /// A new file for a message that can neither be written nor put back
    #[arg(long, value_name = "FILE")]
    spill: Option<PathBuf>,
}

/// Where the dump goes.
enum Sink {
    File(PartialFile),
    Output,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let queue = Arc::new(requeue::open(&self.queue)?);
        let spill = self.spill.as_deref().map(Spill::create).transpose()?;
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        let mut sink = self.sink()?;
        let mut encoder = Encoder::default();
        if let Err(reason) = sink.write(&encoder.header(Sizes::of(&queue)), &signals) {
            return Err(sink.abandon(0, reason));
        }
        let hand = Hand::new(&queue, spill);
        let (taken, ended) = match self.take(&queue, &hand, &mut encoder, &mut sink, &signals) {
            Ok(taken) => (taken, Ok(())),
            Err(Stop::AfterMessage(taken, reason)) => (taken, Err(reason)),
            Err(Stop::InMessage(taken, reason)) => return Err(sink.abandon(taken, reason)),
        };
        if let Err(reason) = sink.write(&encoder.end(), &signals).and_then(|()| sink.finish()) {
            return Err(sink.abandon(taken, reason));
        }
        ended.map_err(|reason| sink.account(taken, reason))
    }

    fn sink(&self) -> Outcome<Sink> {
        if self.file != Path::new("-") {
            return Ok(Sink::File(PartialFile::create(&self.file, self.force)?));
        }
        if output::is_terminal() {
            return Err(Failure::usage("a dump is not for a terminal; name a file for it"));
        }
        Ok(Sink::Output)
    }

    /// Until there is no more: how many there were.
    fn take(
        &self,
        queue: &MessageQueue,
        hand: &Hand<'_>,
        encoder: &mut Encoder,
        sink: &mut Sink,
        signals: &Signals,
    ) -> Result<u64, Stop> {
        let mut progress = Progress::new("messages taken", self.count);
        let mut message = Message::default();
        let mut taken = 0;
        while self.count != Some(taken) {
            let ready = signals.check().and_then(|()| sink.check());
            ready.map_err(|reason| Stop::AfterMessage(taken, reason))?;
            match timed::receive(queue, &mut message, Deadline::Now) {
                Err(error) if error.is_would_block() => break,
                other => other.map_err(|e| Stop::AfterMessage(taken, signals.reason(e)))?,
            }
            if let Err(reason) = sink.write(&encoder.message(&message), signals) {
                return Err(Stop::InMessage(taken, hand.put_back(&message, reason)));
            }
            taken += 1;
            progress.show(taken);
        }
        Ok(taken)
    }
}

/// Why there is an end before the end, after so many messages.
enum Stop {
    /// The dump can be ended here.
    AfterMessage(u64, Failure),
    /// There may be a part of a message behind them, which is not in the dump.
    InMessage(u64, Failure),
}

impl Sink {
    fn check(&self) -> Outcome {
        match self {
            Self::File(_) => Ok(()),
            Self::Output => stdout::check(),
        }
    }

    fn write(&mut self, bytes: &[u8], signals: &Signals) -> Outcome {
        match self {
            Self::File(file) => file.append(bytes),
            Self::Output => stdout::write(bytes, signals),
        }
    }

    fn finish(&self) -> Outcome {
        match self {
            Self::File(file) => file.finish(),
            Self::Output => Ok(()),
        }
    }

    /// Says where the messages are that were taken, of a dump that could not be ended.
    fn abandon(&self, taken: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) if taken == 0 => {
                file.discard();
                reason.and("no message was taken")
            }
            Self::File(file) => reason.and(format!(
                "{} taken before, and in {}; restore --partial sends what is there",
                messages(taken),
                file.partial()
            )),
            Self::Output => reason.and(format!("{} written", messages(taken))),
        }
    }

    /// The same, of one that was.
    fn account(&self, taken: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) => {
                reason.and(format!("{} taken, and in {}", messages(taken), file.path()))
            }
            Self::Output => reason.and(format!("{} written", messages(taken))),
        }
    }
}
