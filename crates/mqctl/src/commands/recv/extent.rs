//! How many messages are received, and when it ends.

use std::time::Duration;

use posix_mqueue::Deadline;

use crate::counted::messages;
use crate::failure::Failure;
use crate::waiting;

/// One message, if nothing else is said.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Extent {
    /// Receive so many messages
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Receive until the queue is empty
    #[arg(long, short, conflicts_with_all = ["timeout", "nonblock"])]
    all: bool,
    /// Receive for ever, until --timeout if there is one
    #[arg(long, short = 'F', conflicts_with = "nonblock")]
    follow: bool,
    /// Receive until nothing has come for so long
    #[arg(long, value_name = "TIME", value_parser = waiting::parse, conflicts_with = "nonblock")]
    until_idle: Option<Duration>,
}

impl Extent {
    pub(super) fn is_one(&self) -> bool {
        !self.all && !self.follow && self.until_idle.is_none() && self.count.is_none_or(|n| n == 1)
    }

    /// Whether there is more to receive after so many.
    pub(super) fn wants(&self, taken: u64) -> bool {
        self.all || self.follow || self.until_idle.is_some() || taken < self.count.unwrap_or(1)
    }

    /// How long to wait for the next one, where the whole may take until the deadline.
    pub(super) fn next(&self, deadline: Deadline) -> Deadline {
        if self.all {
            return Deadline::Now;
        }
        match (self.until_idle, deadline.remaining()) {
            (Some(idle), None) => idle.into(),
            (Some(idle), Some(left)) if idle < left => idle.into(),
            _ => deadline,
        }
    }

    /// Whether it is done when nothing came within that time.
    pub(super) fn ends_when_idle(&self, deadline: Deadline) -> bool {
        self.all || (self.until_idle.is_some() && !deadline.is_elapsed())
    }

    /// A failure that says how many came before it, where it may have been several.
    pub(super) fn account(&self, taken: u64, failure: Failure) -> Failure {
        match (self.count, taken) {
            (Some(count), _) if count > 1 => {
                failure.and(format!("{taken} of {} received", messages(count)))
            }
            _ => failure,
        }
    }
}
