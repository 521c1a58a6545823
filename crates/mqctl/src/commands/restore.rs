//! `mqctl restore`

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use posix_mqueue::{Deadline, Message, OpenOptions, QueueName};

use crate::display::plural::messages;
use crate::display::progress::Progress;
use crate::display::sanitize;
use crate::dump::verified::VerifiedDump;
use crate::failure::exit_code::Code;
use crate::failure::signals::Signals;
use crate::failure::{self, Failure, Outcome};
use crate::queue::target::Target;
use crate::values::queue_name;
use crate::values::timeout::TimeoutArgs;

/// Send the messages of a file written by `mqctl drain`
///
/// The whole file is read and checked before the first message is sent. A file that is truncated or
/// corrupt, or has a message that is too long for the queue, is rejected. Messages are sent in order,
/// with their priorities, waiting while the queue is full. If mqctl ends early, the error says how
/// many were sent; continue with --skip. The file is not changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    queue: QueueName,
    /// File to read; - is standard input
    file: PathBuf,
    /// Create the queue if it does not exist, with the sizes of the dumped queue
    #[arg(long)]
    create: bool,
    /// Accept a truncated file, send its complete messages, and warn
    #[arg(long)]
    partial: bool,
    /// Skip the first N messages
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u64,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let existing = self.open_existing()?;
        let max_len = existing.as_ref().map(|target| target.queue().message_size());
        let mut dump =
            VerifiedDump::open(&self.file, self.partial, |number, message| match max_len {
                Some(max_len) if message.data.len() > max_len && number > self.skip => {
                    Err(self.too_long(number, message.data.len(), max_len))
                }
                _ => Ok(()),
            })?;
        self.report_omissions(&dump)?;
        let target = match existing {
            Some(target) => target,
            None => self.create_queue(&dump)?,
        };
        let signals = Signals::watch(vec![Arc::clone(target.queue())])?;
        let mut sent = 0;
        let outcome = self.send_messages(&mut dump, &target, &signals, &mut sent);
        outcome.map_err(|failure| self.with_progress(sent, dump.count(), failure))
    }

    /// Opens the queue. Returns None if it must be created.
    fn open_existing(&self) -> Outcome<Option<Target>> {
        match Target::open(&self.queue) {
            Ok(target) => Ok(Some(target)),
            Err(error) if self.create && error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_queue(&self, dump: &VerifiedDump) -> Outcome<Target> {
        let sizes = dump.sizes();
        let mut options = OpenOptions::new();
        // A queue created by another process in the meantime has not been checked.
        options.write(true).create(true).exclusive(true);
        options.capacity(sizes.capacity as usize).message_size(sizes.message_size as usize);
        Ok(Target::new(options.open(&self.queue)?, &self.queue))
    }

    /// Warns about a truncated file. Fails if --skip exceeds the number of messages.
    fn report_omissions(&self, dump: &VerifiedDump) -> Outcome {
        let count = dump.count();
        if self.skip > count {
            let text = format!("--skip {} exceeds the file's {}", self.skip, messages(count));
            return Err(Failure::usage(text));
        }
        if let Some(truncation) = dump.truncation() {
            let file = sanitize::name(self.file.as_os_str());
            failure::warn(&format!("{file}: {truncation}; sending the first {}", messages(count)));
        }
        Ok(())
    }

    fn send_messages(
        &self,
        dump: &mut VerifiedDump,
        target: &Target,
        signals: &Signals,
        sent: &mut u64,
    ) -> Outcome {
        let deadline: Deadline = self.timeout.deadline();
        let mut progress = Progress::new("messages sent", Some(dump.count() - self.skip));
        let mut message = Message::default();
        let mut number = 0;
        let changed = |text: &dyn std::fmt::Display| Failure::for_file(&self.file, text);
        while dump.read_next(&mut message).map_err(|error| changed(&error))? {
            number += 1;
            if number <= self.skip {
                continue;
            }
            signals.check()?;
            target.send(&message, deadline).map_err(|failure| signals.signal_or(failure))?;
            *sent += 1;
            progress.show(*sent);
        }
        Ok(())
    }

    fn too_long(&self, number: u64, length: usize, max_len: usize) -> Failure {
        let text = format!(
            "message {number} of {} has {length} bytes and exceeds this queue's msgsize of {max_len}; \
             nothing was sent",
            sanitize::name(self.file.as_os_str())
        );
        Failure::for_queue(&self.queue, Code::Other, text)
    }

    fn with_progress(&self, sent: u64, count: u64, failure: Failure) -> Failure {
        let done = self.skip + sent;
        if done == count {
            return failure.with_context(format!("all {} sent", messages(sent)));
        }
        let failure =
            failure.with_context(format!("{sent} of {} sent", messages(count - self.skip)));
        if done == 0 {
            failure
        } else {
            failure.with_context(format!("continue with --skip {done}"))
        }
    }
}
