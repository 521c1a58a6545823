//! `mqctl drain`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use posix_mqueue::{Deadline, Message, MessageQueue, QueueName};

use crate::display::output;
use crate::display::plural::messages;
use crate::display::progress::Progress;
use crate::dump::encoder::Encoder;
use crate::dump::format::QueueSizes;
use crate::dump::partial_file::PartialFile;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::requeue::{self, Requeuer, RescueFile};
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
    rescue_file: Option<PathBuf>,
}

/// Where the dump goes.
enum Sink {
    File(PartialFile),
    Stdout,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let queue = Arc::new(requeue::open(&self.queue)?);
        let rescue_file = self.rescue_file.as_deref().map(RescueFile::create).transpose()?;
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        let mut sink = self.open_sink()?;
        let mut encoder = Encoder::default();
        if let Err(reason) = sink.write(&encoder.header(QueueSizes::of(&queue)), &signals) {
            return Err(sink.abandon(0, reason));
        }
        let requeuer = Requeuer::new(&queue, rescue_file);
        let (received, outcome) =
            match self.receive_messages(&queue, &requeuer, &mut encoder, &mut sink, &signals) {
                Ok(received) => (received, Ok(())),
                Err(DrainError::BetweenMessages(received, reason)) => (received, Err(reason)),
                Err(DrainError::WithinMessage(received, reason)) => {
                    return Err(sink.abandon(received, reason));
                }
            };
        if let Err(reason) = sink.write(&encoder.end(), &signals).and_then(|()| sink.finish()) {
            return Err(sink.abandon(received, reason));
        }
        outcome.map_err(|reason| sink.with_count(received, reason))
    }

    fn open_sink(&self) -> Outcome<Sink> {
        if self.file != Path::new("-") {
            return Ok(Sink::File(PartialFile::create(&self.file, self.force)?));
        }
        if output::is_terminal() {
            return Err(Failure::usage("a dump is not for a terminal; name a file for it"));
        }
        Ok(Sink::Stdout)
    }

    /// Until there is no more: how many there were.
    fn receive_messages(
        &self,
        queue: &MessageQueue,
        requeuer: &Requeuer<'_>,
        encoder: &mut Encoder,
        sink: &mut Sink,
        signals: &Signals,
    ) -> Result<u64, DrainError> {
        let mut progress = Progress::new("messages taken", self.count);
        let mut message = Message::default();
        let mut received = 0;
        while self.count != Some(received) {
            let ready = signals.check().and_then(|()| sink.check());
            ready.map_err(|reason| DrainError::BetweenMessages(received, reason))?;
            match timed::receive(queue, &mut message, Deadline::Now) {
                Err(error) if error.is_would_block() => break,
                other => other
                    .map_err(|e| DrainError::BetweenMessages(received, signals.signal_or(e)))?,
            }
            if let Err(reason) = sink.write(&encoder.message(&message), signals) {
                return Err(DrainError::WithinMessage(
                    received,
                    requeuer.requeue(&message, reason),
                ));
            }
            received += 1;
            progress.show(received);
        }
        Ok(received)
    }
}

/// Why there is an end before the end, after so many messages.
enum DrainError {
    /// The dump can be ended here.
    BetweenMessages(u64, Failure),
    /// There may be a part of a message behind them, which is not in the dump.
    WithinMessage(u64, Failure),
}

impl Sink {
    fn check(&self) -> Outcome {
        match self {
            Self::File(_) => Ok(()),
            Self::Stdout => stdout::check_reader(),
        }
    }

    fn write(&mut self, bytes: &[u8], signals: &Signals) -> Outcome {
        match self {
            Self::File(file) => file.append(bytes),
            Self::Stdout => stdout::write(bytes, signals),
        }
    }

    fn finish(&self) -> Outcome {
        match self {
            Self::File(file) => file.finish(),
            Self::Stdout => Ok(()),
        }
    }

    /// Says where the messages are that were taken, of a dump that could not be ended.
    fn abandon(&self, received: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) if received == 0 => {
                file.discard();
                reason.with_context("no message was taken")
            }
            Self::File(file) => reason.with_context(format!(
                "{} taken before, and in {}; restore --partial sends what is there",
                messages(received),
                file.shown_partial()
            )),
            Self::Stdout => reason.with_context(format!("{} written", messages(received))),
        }
    }

    /// The same, of one that was.
    fn with_count(&self, received: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) => reason.with_context(format!(
                "{} taken, and in {}",
                messages(received),
                file.shown_path()
            )),
            Self::Stdout => reason.with_context(format!("{} written", messages(received))),
        }
    }
}
