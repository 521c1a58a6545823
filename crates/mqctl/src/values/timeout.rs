//! `--timeout` and `--nonblock`, of every verb that waits.

use std::time::Duration;

use posix_mqueue::Deadline;

use super::duration;

/// How long to wait. The default is as long as it takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct TimeoutArgs {
    /// Wait for so long at most: seconds, or with ms, s, m or h (1.5, 200ms, 5m)
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Do not wait
    #[arg(long, short = 'N', conflicts_with = "timeout")]
    pub(crate) nonblock: bool,
}

impl TimeoutArgs {
    /// The moment at which the waiting that begins now is over.
    pub(crate) fn deadline(&self) -> Deadline {
        if self.nonblock {
            return Deadline::Now;
        }
        self.timeout.map_or(Deadline::Never, Deadline::from)
    }
}
