//! Messages from one queue into others: what `move` and `tee` have in common.

use std::path::PathBuf;
use std::sync::Arc;

use posix_mqueue::{Deadline, Message, MessageQueue, QueueName};

use crate::display::plural::messages;
use crate::display::progress::Progress;
use crate::display::sanitize;
use crate::failure::exit_code::Code;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::requeue::{self, Requeuer, RescueFile};
use crate::queue::target::Target;
use crate::queue::timed;
use crate::values::timeout::TimeoutArgs;

/// Which messages, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct ForwardArgs {
    /// Stop after so many messages
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Wait for more when the queue is empty, until --timeout if there is one
    #[arg(long, short = 'F', conflicts_with = "nonblock")]
    follow: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
    /// Begin even if a queue takes only shorter messages; one that is too long is put back, and
    /// ends it
    #[arg(long)]
    allow_smaller: bool,
    /// A new file for a message that can neither be sent nor put back
    #[arg(long, value_name = "FILE")]
    rescue_file: Option<PathBuf>,
}

impl ForwardArgs {
    pub(crate) fn run(&self, from: &QueueName, into: &[QueueName]) -> Outcome {
        check_distinct(from, into)?;
        let queue = Arc::new(requeue::open(from)?);
        let targets = into.iter().map(Target::open).collect::<Result<Vec<_>, _>>()?;
        self.check_sizes(&queue, from, &targets)?;
        let rescue_file = self.rescue_file.as_deref().map(RescueFile::create).transpose()?;
        let mut watched = vec![Arc::clone(&queue)];
        watched.extend(targets.iter().map(|target| Arc::clone(target.queue())));
        let signals = Signals::watch(watched)?;
        let requeuer = Requeuer::new(&queue, rescue_file);
        let deadline = self.timeout.deadline();
        let mut progress = Progress::new("messages passed on", self.count);
        let mut forwarded = 0;
        let outcome = loop {
            if self.count == Some(forwarded) {
                break Ok(());
            }
            match self.forward_one(&queue, &targets, &requeuer, &signals, deadline) {
                Ok(true) => forwarded += 1,
                Ok(false) => break Ok(()),
                Err(failure) => break Err(failure),
            }
            progress.show(forwarded);
        };
        drop(progress);
        outcome.map_err(|failure| {
            failure.with_context(format!("{} passed on before", messages(forwarded)))
        })
    }

    /// Passes one message on; false if there is none and none is waited for.
    fn forward_one(
        &self,
        queue: &MessageQueue,
        targets: &[Target],
        requeuer: &Requeuer<'_>,
        signals: &Signals,
        deadline: Deadline,
    ) -> Outcome<bool> {
        let mut message = Message::default();
        loop {
            signals.check()?;
            match queue.wait_readable(if self.follow { deadline } else { Deadline::Now }) {
                Err(error) if error.is_timed_out() && !self.follow => return Ok(false),
                other => other.map_err(|error| signals.signal_or(error))?,
            }
            // Before it is taken: to put it back would change its place among its equals.
            for target in targets {
                target.wait_for_room(deadline).map_err(|failure| signals.signal_or(failure))?;
            }
            match timed::receive(queue, &mut message, Deadline::Now) {
                Ok(()) => break,
                // Somebody else was quicker.
                Err(error) if error.is_would_block() => {}
                Err(error) => return Err(signals.signal_or(error)),
            }
        }
        for (target, number) in targets.iter().zip(0..) {
            let sent = signals.check().and_then(|()| target.send(&message, deadline));
            if let Err(failure) = sent {
                let reason =
                    with_recipients(targets.iter().take(number), signals.signal_or(failure));
                return Err(requeuer.requeue(&message, reason));
            }
        }
        Ok(true)
    }

    fn check_sizes(&self, queue: &MessageQueue, from: &QueueName, targets: &[Target]) -> Outcome {
        let size = queue.message_size();
        for target in targets {
            let takes = target.queue().message_size();
            if takes < size && !self.allow_smaller {
                let text = format!(
                    "takes messages of {takes} bytes at most, and {} can have some of {size}; \
                     --allow-smaller begins nevertheless",
                    sanitize::name(from.as_os_str())
                );
                return Err(Failure::for_queue(target.name(), Code::Refused, text));
            }
        }
        Ok(())
    }
}

/// Which queues have the message in hand already.
fn with_recipients<'a>(recipients: impl Iterator<Item = &'a Target>, reason: Failure) -> Failure {
    let names = recipients.map(|target| sanitize::name(target.name().as_os_str()));
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => reason,
        names => {
            reason.with_context(format!("the message in hand is in {} already", names.join(", ")))
        }
    }
}

/// A queue that got what it gave would never be empty.
fn check_distinct(from: &QueueName, into: &[QueueName]) -> Outcome {
    for (name, number) in into.iter().zip(0..) {
        if name == from || into.iter().take(number).any(|earlier| earlier == name) {
            let name = sanitize::name(name.as_os_str());
            return Err(Failure::usage(format!(
                "{name}: named twice; each queue can be named once"
            )));
        }
    }
    Ok(())
}
