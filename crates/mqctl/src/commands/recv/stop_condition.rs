//! When to stop receiving.

use std::time::Duration;

use posix_mqueue::Deadline;

use crate::display::plural::messages;
use crate::failure::Failure;
use crate::values::duration;

/// After how many messages, or when, to stop. The default is one message.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct StopCondition {
    /// Receive N messages
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Receive until the queue is empty
    #[arg(long, short, conflicts_with_all = ["timeout", "nonblock"])]
    all: bool,
    /// Keep receiving; end after --timeout, if given
    #[arg(long, short = 'F', conflicts_with = "nonblock")]
    follow: bool,
    /// Receive until no message arrives for TIME
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with = "nonblock")]
    until_idle: Option<Duration>,
}

impl StopCondition {
    pub(super) fn is_single(&self) -> bool {
        !self.all && !self.follow && self.until_idle.is_none() && self.count.is_none_or(|n| n == 1)
    }

    /// Whether to receive another message.
    pub(super) fn should_receive(&self, received: u64) -> bool {
        self.all || self.follow || self.until_idle.is_some() || received < self.count.unwrap_or(1)
    }

    /// Returns the deadline for the next message. `deadline` is that of the whole command.
    pub(super) fn next_deadline(&self, deadline: Deadline) -> Deadline {
        if self.all {
            return Deadline::Now;
        }
        match (self.until_idle, deadline.remaining()) {
            (Some(idle), None) => idle.into(),
            (Some(idle), Some(left)) if idle < left => idle.into(),
            _ => deadline,
        }
    }

    /// Whether running out of messages is success.
    pub(super) fn is_met_when_idle(&self, deadline: Deadline) -> bool {
        self.all || (self.until_idle.is_some() && !deadline.is_elapsed())
    }

    /// Adds the number of messages received to a failure, if several were requested.
    pub(super) fn with_count(&self, received: u64, failure: Failure) -> Failure {
        match (self.count, received) {
            (Some(count), _) if count > 1 => {
                failure.with_context(format!("{received} of {} received", messages(count)))
            }
            _ => failure,
        }
    }
}
