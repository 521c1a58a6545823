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

/// Receive all messages of a queue into a file
///
/// The file keeps the bytes, priorities and order of the messages, for `mqctl restore`. It is named
/// FILE.partial until it is complete. Each message is written before the next is received: if mqctl
/// is killed, FILE.partial lacks at most the in-flight message, and `mqctl restore --partial` sends
/// the others. A signal such as Ctrl-C ends mqctl between two messages and leaves a complete FILE.
/// If a message cannot be written, it is requeued with its priority, after others of the same
/// priority. If it cannot be requeued, it is written to the --rescue-file, or to standard error in
/// base64, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    queue: QueueName,
    /// File to create; - is standard output
    file: PathBuf,
    /// Receive at most N messages
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Replace an existing FILE, once the new one is complete
    #[arg(long, short)]
    force: bool,
    /// Create FILE for a message that can be neither written nor requeued
    #[arg(long, value_name = "FILE")]
    rescue_file: Option<PathBuf>,
}

/// Where to write the dump.
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
            return Err(Failure::usage("refusing to write a dump to a terminal; name a file"));
        }
        Ok(Sink::Stdout)
    }

    /// Receives until the queue is empty and returns the number of messages.
    fn receive_messages(
        &self,
        queue: &MessageQueue,
        requeuer: &Requeuer<'_>,
        encoder: &mut Encoder,
        sink: &mut Sink,
        signals: &Signals,
    ) -> Result<u64, DrainError> {
        let mut progress = Progress::new("messages received", self.count);
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

/// Why draining stopped early, with the number of complete messages in the dump.
enum DrainError {
    /// The dump can be completed.
    BetweenMessages(u64, Failure),
    /// A message may be incomplete at the end of the dump, so it cannot be completed.
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

    /// Adds where the received messages are, for a dump that could not be completed.
    fn abandon(&self, received: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) if received == 0 => {
                file.discard();
                reason.with_context("no message was received")
            }
            Self::File(file) => reason.with_context(format!(
                "{} saved in {}; use restore --partial to send them",
                messages(received),
                file.shown_partial()
            )),
            Self::Stdout => reason.with_context(format!("{} written", messages(received))),
        }
    }

    /// Adds where the received messages are, for a complete dump.
    fn with_count(&self, received: u64, reason: Failure) -> Failure {
        match self {
            Self::File(file) => reason.with_context(format!(
                "{} saved in {}",
                messages(received),
                file.shown_path()
            )),
            Self::Stdout => reason.with_context(format!("{} written", messages(received))),
        }
    }
}
