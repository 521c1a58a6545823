//! `--timeout` and `--nonblock`, of every verb that waits.

use std::time::Duration;

use posix_mqueue::{Deadline, Error, Message, MessageQueue};

/// How long to wait. The default is as long as it takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Waiting {
    /// Wait for so long at most: seconds, or with ms, s, m or h (1.5, 200ms, 5m)
    #[arg(long, value_name = "TIME", value_parser = parse)]
    timeout: Option<Duration>,
    /// Do not wait
    #[arg(long, short = 'N', conflicts_with = "timeout")]
    pub(crate) nonblock: bool,
}

impl Waiting {
    /// The moment at which the waiting that begins now is over.
    pub(crate) fn deadline(&self) -> Deadline {
        if self.nonblock {
            return Deadline::Now;
        }
        self.timeout.map_or(Deadline::Never, Deadline::from)
    }
}

/// Sends within a time.
pub(crate) fn send(
    queue: &MessageQueue,
    message: &[u8],
    priority: u32,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    loop {
        match queue.send_interruptible(message, priority, deadline) {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome.map_err(|error| not_waited(error, queue, deadline)),
        }
    }
}

/// Receives within a time, into a message whose memory is used again.
pub(crate) fn receive(
    queue: &MessageQueue,
    message: &mut Message,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    queue
        .receive_message_into(message, deadline)
        .map_err(|error| not_waited(error, queue, deadline))
}

/// Not waiting is not running out of time.
fn not_waited(error: Error, queue: &MessageQueue, deadline: Deadline) -> Error {
    match (deadline, queue.name()) {
        (Deadline::Now, Some(name)) if error.is_timed_out() => {
            Error::would_block(error.call()).with_name(name.as_os_str())
        }
        _ => error,
    }
}

/// A time as people type it.
pub(crate) fn parse(typed: &str) -> Result<Duration, String> {
    let (number, unit) =
        typed.split_at(typed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(typed.len()));
    let seconds = match unit {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("a time is a number of seconds, or has ms, s, m or h behind it".into()),
    };
    let number: f64 = number.parse().map_err(|_| "a time starts with a number: 1.5, 200ms, 5m")?;
    Duration::try_from_secs_f64(number * seconds)
        .map_err(|_| "a time is not negative and not longer than the age of the universe".into())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn seconds_unless_said_otherwise() {
        for (typed, milliseconds) in [
            ("0", 0),
            ("1.5", 1500),
            ("200ms", 200),
            ("2s", 2000),
            ("5m", 300_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(typed), Ok(Duration::from_millis(milliseconds)), "{typed}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for typed in ["", "s", "-1", "nan", "inf", "1 s", "1d", "1e400"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
