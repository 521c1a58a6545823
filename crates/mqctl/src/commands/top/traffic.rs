//! Lower bounds on the messages sent and received between two samples.
//!
//! The kernel counts neither. It reports the number of messages, their bytes, and the second of the
//! last send or receive. A message that is sent and received between two samples changes only that
//! time, and a message that goes directly to a blocked receiver never shows in the depth. So only
//! lower bounds can be derived.

use std::ops::AddAssign;

use super::sample::QueueSample;

/// Messages sent to and received from the queue; both are lower bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
    }
}

/// Compares two samples. Returns None if the queue could not be read in both.
pub(super) fn between(before: &QueueSample, after: &QueueSample) -> Option<Traffic> {
    let (then, now) = (before.contents?, after.contents?);
    let net_sent = now.messages.saturating_sub(then.messages) as u64;
    let net_received = then.messages.saturating_sub(now.messages) as u64;
    // Any further message was both sent and received, since the depth change is accounted for.
    let passed_through = if net_sent > 0 {
        // Only a receive reduces the bytes.
        now.bytes < then.bytes
    } else if net_received > 0 {
        now.bytes > then.bytes
    } else {
        now.bytes != then.bytes || before.modified != after.modified
    };
    Some(Traffic {
        sent: net_sent + u64::from(passed_through),
        received: net_received + u64::from(passed_through),
    })
}

#[cfg(test)]
mod tests {
    use super::{Traffic, between};
    use crate::commands::top::fixture;

    /// Each sample: messages, bytes, second of the last use.
    fn bounds(before: (usize, u64, u64), after: (usize, u64, u64)) -> (u64, u64) {
        let seen = |(messages, bytes, second)| fixture::queue_sample("/q", messages, bytes, second);
        let Traffic { sent, received } = between(&seen(before), &seen(after)).unwrap_or_default();
        (sent, received)
    }

    #[test]
    fn depth_change_counts_as_sent_or_received() {
        assert_eq!(bounds((2, 20, 7), (5, 50, 8)), (3, 0));
        assert_eq!(bounds((5, 50, 7), (1, 10, 8)), (0, 4));
    }

    #[test]
    fn unused_queue_has_no_traffic() {
        assert_eq!(bounds((2, 20, 7), (2, 20, 7)), (0, 0));
    }

    #[test]
    fn use_at_equal_depth_counts_one_each_way() {
        assert_eq!(bounds((2, 20, 7), (2, 20, 8)), (1, 1));
        assert_eq!(bounds((2, 20, 7), (2, 25, 7)), (1, 1));
        assert_eq!(bounds((0, 0, 7), (0, 0, 8)), (1, 1));
    }

    #[test]
    fn opposite_byte_change_counts_one_more_each_way() {
        assert_eq!(bounds((2, 200, 7), (3, 100, 7)), (2, 1));
        assert_eq!(bounds((3, 100, 7), (2, 200, 7)), (1, 2));
    }

    #[test]
    fn unreadable_queue_has_unknown_traffic() {
        let mut unreadable = fixture::queue_sample("/q", 0, 0, 0);
        unreadable.contents = None;
        assert_eq!(between(&unreadable, &fixture::queue_sample("/q", 1, 1, 1)), None);
        assert_eq!(between(&fixture::queue_sample("/q", 1, 1, 1), &unreadable), None);
    }
}
