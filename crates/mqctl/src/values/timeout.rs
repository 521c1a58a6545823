//! `--timeout` and `--nonblock`, shared by all verbs that block.

use std::time::Duration;

use posix_mqueue::Deadline;

use super::duration;

/// How long to wait. The default is to wait without limit.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct TimeoutArgs {
    /// Wait at most TIME: seconds, or a number with unit ms, s, m or h (1.5, 200ms, 5m)
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Do not wait
    #[arg(long, short = 'N', conflicts_with = "timeout")]
    pub(crate) nonblock: bool,
}

impl TimeoutArgs {
    /// Returns the deadline of an operation that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        if self.nonblock {
            return Deadline::Now;
        }
        self.timeout.map_or(Deadline::Never, Deadline::from)
    }
}
