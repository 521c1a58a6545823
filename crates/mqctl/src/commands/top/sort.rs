//! Which rows are shown, and in which order.

use std::cmp::Ordering;

use clap::ValueEnum;

use super::history::Row;

/// What rows can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// By name
    #[default]
    Name,
    /// The fullest first
    Depth,
    /// The most messages first
    Messages,
    /// The most bytes first
    Bytes,
    /// The fastest growing first
    In,
    /// The fastest shrinking first
    Out,
    /// The last used first
    Used,
    /// By owner
    Owner,
}

impl Order {
    pub(super) fn next(self) -> Self {
        self.step(1)
    }

    pub(super) fn previous(self) -> Self {
        self.step(Self::value_variants().len() - 1)
    }

    fn step(self, by: usize) -> Self {
        let all = Self::value_variants().iter();
        let here = all.clone().position(|order| *order == self).unwrap_or(0);
        all.cycle().nth(here + by).copied().unwrap_or_default()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Depth => "depth",
            Self::Messages => "messages",
            Self::Bytes => "bytes",
            Self::In => "in",
            Self::Out => "out",
            Self::Used => "last use",
            Self::Owner => "owner",
        }
    }

    /// Equal ones stand by name, so that rows do not jump. What is not known comes last.
    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let most = |f: fn(&Row) -> f64| f(b).total_cmp(&f(a));
        let most_of = |f: fn(&Row) -> Option<u64>| f(b).cmp(&f(a));
        let order = match self {
            Self::Name => Ordering::Equal,
            Self::Depth => most(|row| row.fullness().unwrap_or(-1.0)),
            Self::Messages => most_of(|row| row.seen.contents.map(|c| c.messages as u64)),
            Self::Bytes => most_of(|row| row.seen.contents.map(|c| c.bytes)),
            Self::In => most(|row| row.rates.map_or(-1.0, |rates| rates.came)),
            Self::Out => most(|row| row.rates.map_or(-1.0, |rates| rates.went)),
            Self::Used => b.seen.modified.cmp(&a.seen.modified),
            Self::Owner => a.seen.uid.cmp(&b.seen.uid),
        };
        order.then_with(|| a.seen.name.cmp(&b.seen.name))
    }
}

/// The rows with the filter in their names, whatever its case, sorted.
pub(super) fn arranged<'a>(
    rows: impl Iterator<Item = &'a Row>,
    filter: &str,
    order: Order,
    is_reversed: bool,
) -> Vec<&'a Row> {
    let filter = filter.to_lowercase();
    let mut rows: Vec<&Row> =
        rows.filter(|row| row.name.to_lowercase().contains(&filter)).collect();
    rows.sort_by(|a, b| order.compare(a, b));
    if is_reversed {
        rows.reverse();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{Order, arranged};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::history::History;

    fn history() -> History {
        let (mut history, clock) = (History::default(), Clock::start());
        let mut closed = fixture::seen("/closed", 0, 0, 9);
        closed.contents = None;
        closed.uid = 7;
        let idle = fixture::seen("/idle", 1, 90, 1);
        let others = [closed, idle];
        for (at, a, b) in [(0, 5, 2), (1_000, 9, 0)] {
            let mut queues =
                vec![fixture::seen("/Grows", a, 50, 1), fixture::seen("/shrinks", b, 0, 5)];
            queues.extend(others.clone());
            history.add(clock.sample(at, queues));
        }
        history
    }

    fn names(filter: &str, order: Order, is_reversed: bool) -> Vec<String> {
        let history = history();
        let rows = arranged(history.rows(), filter, order, is_reversed);
        rows.into_iter().map(|row| row.name.clone()).collect()
    }

    #[test]
    fn each_order_has_what_matters_first_and_what_is_not_known_last() {
        for (order, expected) in [
            (Order::Name, ["/Grows", "/closed", "/idle", "/shrinks"]),
            (Order::Depth, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (Order::Messages, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (Order::Bytes, ["/idle", "/Grows", "/shrinks", "/closed"]),
            (Order::In, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (Order::Out, ["/shrinks", "/Grows", "/idle", "/closed"]),
            (Order::Used, ["/closed", "/shrinks", "/Grows", "/idle"]),
            (Order::Owner, ["/Grows", "/idle", "/shrinks", "/closed"]),
        ] {
            assert_eq!(names("", order, false), expected, "{order:?}");
            let mut reversed = expected;
            reversed.reverse();
            assert_eq!(names("", order, true), reversed, "{order:?}");
        }
    }

    #[test]
    fn the_filter_is_a_part_of_the_name_in_any_case() {
        assert_eq!(names("GROW", Order::Name, false), ["/Grows"]);
        assert_eq!(names("s", Order::Name, false), ["/Grows", "/closed", "/shrinks"]);
        assert!(names("no such", Order::Name, false).is_empty());
    }

    #[test]
    fn every_order_is_reached_and_the_way_back_is_the_same() {
        let mut order = Order::default();
        for _ in 0..8 {
            assert_eq!(order.next().previous(), order);
            order = order.next();
        }
        assert_eq!(order, Order::default());
    }
}
