//! How many messages at least came and went between two looks.
//!
//! The kernel counts neither. It tells how many there are, their bytes, and in which second the
//! last was sent or received. What came and went again between two looks leaves a trace of that
//! time only, and what a waiting receiver is handed never shows in the depth at all. So the most
//! that can be said is: at least.

use std::ops::AddAssign;

use super::sample::Seen;

/// Lower bounds, both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) came: u64,
    pub(super) went: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.came += other.came;
        self.went += other.went;
    }
}

/// Nothing is known of a queue that could not be read both times.
pub(super) fn between(before: &Seen, after: &Seen) -> Option<Traffic> {
    let (then, now) = (before.contents?, after.contents?);
    let came_net = now.messages.saturating_sub(then.messages) as u64;
    let went_net = then.messages.saturating_sub(now.messages) as u64;
    // Whatever else came went as well, since the depth is what it is.
    let passed = if came_net > 0 {
        // Only what goes makes the bytes fewer.
        now.bytes < then.bytes
    } else if went_net > 0 {
        now.bytes > then.bytes
    } else {
        now.bytes != then.bytes || before.modified != after.modified
    };
    Some(Traffic { came: came_net + u64::from(passed), went: went_net + u64::from(passed) })
}

#[cfg(test)]
mod tests {
    use super::{Traffic, between};
    use crate::commands::top::fixture;

    /// Before and after: messages, bytes, the second of the last use.
    fn bounds(before: (usize, u64, u64), after: (usize, u64, u64)) -> (u64, u64) {
        let seen = |(messages, bytes, second)| fixture::seen("/q", messages, bytes, second);
        let Traffic { came, went } = between(&seen(before), &seen(after)).unwrap_or_default();
        (came, went)
    }

    #[test]
    fn what_the_depth_rose_by_came_and_what_it_fell_by_went() {
        assert_eq!(bounds((2, 20, 7), (5, 50, 8)), (3, 0));
        assert_eq!(bounds((5, 50, 7), (1, 10, 8)), (0, 4));
    }

    #[test]
    fn an_unused_queue_has_no_traffic() {
        assert_eq!(bounds((2, 20, 7), (2, 20, 7)), (0, 0));
    }

    #[test]
    fn a_use_that_left_the_depth_alone_was_one_message_each_way() {
        assert_eq!(bounds((2, 20, 7), (2, 20, 8)), (1, 1));
        assert_eq!(bounds((2, 20, 7), (2, 25, 7)), (1, 1));
        assert_eq!(bounds((0, 0, 7), (0, 0, 8)), (1, 1));
    }

    #[test]
    fn bytes_that_change_against_the_depth_are_one_more_each_way() {
        assert_eq!(bounds((2, 200, 7), (3, 100, 7)), (2, 1));
        assert_eq!(bounds((3, 100, 7), (2, 200, 7)), (1, 2));
    }

    #[test]
    fn of_a_queue_that_cannot_be_read_nothing_is_known() {
        let mut unreadable = fixture::seen("/q", 0, 0, 0);
        unreadable.contents = None;
        assert_eq!(between(&unreadable, &fixture::seen("/q", 1, 1, 1)), None);
        assert_eq!(between(&fixture::seen("/q", 1, 1, 1), &unreadable), None);
    }
}
