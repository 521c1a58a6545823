//! When a blocking call gives up, and how its error explains that.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

/// The time at which a blocking call fails with `ETIMEDOUT`.
///
/// A [`Duration`] and an [`Instant`] are on the monotonic clock, which neither an administrator nor
/// a time server can step. A [`SystemTime`] follows the wall clock, steps included.
///
/// ```
/// use posix_mqueue::Deadline;
/// use std::time::Duration;
///
/// assert!(Deadline::from(Duration::ZERO).is_elapsed());
/// assert!(!Deadline::from(Duration::MAX).is_elapsed()); // beyond the clock: never
/// assert!(!Deadline::Never.is_elapsed());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// No deadline.
    Never,
    /// At once. A duration of zero converts to this, without reading the clock.
    Now,
    /// On the monotonic clock (`CLOCK_MONOTONIC`).
    Monotonic(Instant),
    /// On the monotonic clock, from a duration.
    Within {
        /// How long the wait may take: what the error reports.
        timeout: Duration,
        /// When that time has passed.
        end: Instant,
    },
    /// On the wall clock (`CLOCK_REALTIME`).
    Realtime(SystemTime),
}

impl Deadline {
    /// Returns the time that is left: zero once the deadline has passed, `None` if there is none.
    ///
    /// ```
    /// # use posix_mqueue::Deadline;
    /// # use std::time::{Duration, SystemTime};
    /// assert_eq!(Deadline::Never.remaining(), None);
    /// assert_eq!(Deadline::from(SystemTime::UNIX_EPOCH).remaining(), Some(Duration::ZERO));
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Now => Some(Duration::ZERO),
            Self::Monotonic(end) | Self::Within { end, .. } => {
                Some(end.saturating_duration_since(Instant::now()))
            }
            Self::Realtime(time) => {
                Some(time.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
            }
        }
    }

    /// Returns whether the deadline has passed.
    ///
    /// ```
    /// # use posix_mqueue::Deadline;
    /// assert!(Deadline::Now.is_elapsed());
    /// ```
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }

    /// Explains that a wait ended without `missing`, a message or room for one.
    pub(crate) fn missed(&self, missing: &str) -> Cow<'static, str> {
        match self {
            Self::Never => format!("no {missing}"),
            Self::Now => format!("no {missing}, and the timeout is 0"),
            Self::Monotonic(_) => format!("no {missing} before the deadline"),
            Self::Within { timeout, .. } => {
                format!("no {missing} within {} s", timeout.as_secs_f64())
            }
            Self::Realtime(_) => format!("no {missing} before the deadline on the wall clock"),
        }
        .into()
    }
}

impl From<Duration> for Deadline {
    /// From now on. A duration that no clock can hold means never.
    fn from(timeout: Duration) -> Self {
        if timeout.is_zero() {
            return Self::Now;
        }
        match Instant::now().checked_add(timeout) {
            Some(end) => Self::Within { timeout, end },
            None => Self::Never,
        }
    }
}

impl From<Instant> for Deadline {
    fn from(instant: Instant) -> Self {
        Self::Monotonic(instant)
    }
}

impl From<SystemTime> for Deadline {
    fn from(time: SystemTime) -> Self {
        Self::Realtime(time)
    }
}
