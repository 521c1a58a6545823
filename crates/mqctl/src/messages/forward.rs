//! Forwarding messages from one queue to others, for `move` and `tee`.

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

/// Which messages to forward, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct ForwardArgs {
    /// Forward at most N messages
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Keep waiting for messages; end after --timeout, if given
    #[arg(long, short = 'F', conflicts_with = "nonblock")]
    follow: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
    /// Accept target queues with a smaller msgsize; a longer message is requeued and ends mqctl
    #[arg(long)]
    allow_smaller: bool,
    /// Create FILE for a message that can be neither sent nor requeued
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
        let mut progress = Progress::new("messages forwarded", self.count);
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
        outcome
            .map_err(|failure| failure.with_context(format!("{} forwarded", messages(forwarded))))
    }

    /// Forwards one message. Returns false if the queue is empty and `--follow` is not given.
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
            // Wait for room before receiving: requeuing would move the message behind others of the
            // same priority.
            for target in targets {
                target.wait_for_room(deadline).map_err(|failure| signals.signal_or(failure))?;
            }
            match timed::receive(queue, &mut message, Deadline::Now) {
                Ok(()) => break,
                // Another receiver got the message first.
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
            let target_size = target.queue().message_size();
            if target_size < size && !self.allow_smaller {
                let text = format!(
                    "msgsize is {target_size}, but {} can hold messages of {size} bytes; use --allow-smaller to \
                     forward those that fit",
                    sanitize::name(from.as_os_str())
                );
                return Err(Failure::for_queue(target.name(), Code::Refused, text));
            }
        }
        Ok(())
    }
}

/// Adds the queues that have already received the in-flight message.
fn with_recipients<'a>(recipients: impl Iterator<Item = &'a Target>, reason: Failure) -> Failure {
    let names = recipients.map(|target| sanitize::name(target.name().as_os_str()));
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => reason,
        names => reason.with_context(format!("{} already received the message", names.join(", "))),
    }
}

/// Rejects repeated names. A queue that is its own target would never become empty.
fn check_distinct(from: &QueueName, into: &[QueueName]) -> Outcome {
    for (name, number) in into.iter().zip(0..) {
        if name == from || into.iter().take(number).any(|earlier| earlier == name) {
            let name = sanitize::name(name.as_os_str());
            return Err(Failure::usage(format!("{name} is given twice; give each queue once")));
        }
    }
    Ok(())
}
