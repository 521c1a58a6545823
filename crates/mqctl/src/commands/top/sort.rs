//! Filtering and sorting rows.

use std::cmp::Ordering;

use clap::ValueEnum;

use super::history::Row;

/// The columns to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum SortKey {
    /// By name
    #[default]
    Name,
    /// Fullest first
    Depth,
    /// Most messages first
    Messages,
    /// Most bytes first
    Bytes,
    /// Highest rate of sent messages first
    In,
    /// Highest rate of received messages first
    Out,
    /// Last used first
    Used,
    /// By owner
    Owner,
}

impl SortKey {
    pub(super) fn next(self) -> Self {
        self.step(1)
    }

    pub(super) fn previous(self) -> Self {
        self.step(Self::value_variants().len() - 1)
    }

    fn step(self, by: usize) -> Self {
        let all = Self::value_variants().iter();
        let here = all.clone().position(|sort_key| *sort_key == self).unwrap_or(0);
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

    /// Equal rows are sorted by name, so that they do not jump. Unknown values come last.
    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let most = |f: fn(&Row) -> f64| f(b).total_cmp(&f(a));
        let most_of = |f: fn(&Row) -> Option<u64>| f(b).cmp(&f(a));
        let ordering = match self {
            Self::Name => Ordering::Equal,
            Self::Depth => most(|row| row.fullness().unwrap_or(-1.0)),
            Self::Messages => most_of(|row| row.sample.contents.map(|c| c.messages as u64)),
            Self::Bytes => most_of(|row| row.sample.contents.map(|c| c.bytes)),
            Self::In => most(|row| row.rates.map_or(-1.0, |rates| rates.sent)),
            Self::Out => most(|row| row.rates.map_or(-1.0, |rates| rates.received)),
            Self::Used => b.sample.modified.cmp(&a.sample.modified),
            Self::Owner => a.sample.uid.cmp(&b.sample.uid),
        };
        ordering.then_with(|| a.sample.name.cmp(&b.sample.name))
    }
}

/// Returns the rows whose names contain the filter, ignoring case, sorted.
pub(super) fn filter_and_sort<'a>(
    rows: impl Iterator<Item = &'a Row>,
    filter: &str,
    sort_key: SortKey,
    is_reversed: bool,
) -> Vec<&'a Row> {
    let filter = filter.to_lowercase();
    let mut rows: Vec<&Row> =
        rows.filter(|row| row.name.to_lowercase().contains(&filter)).collect();
    rows.sort_by(|a, b| sort_key.compare(a, b));
    if is_reversed {
        rows.reverse();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{SortKey, filter_and_sort};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::history::History;

    fn history() -> History {
        let (mut history, clock) = (History::default(), Clock::start());
        let mut closed = fixture::queue_sample("/closed", 0, 0, 9);
        closed.contents = None;
        closed.uid = 7;
        let idle = fixture::queue_sample("/idle", 1, 90, 1);
        let others = [closed, idle];
        for (at, a, b) in [(0, 5, 2), (1_000, 9, 0)] {
            let mut queues = vec![
                fixture::queue_sample("/Grows", a, 50, 1),
                fixture::queue_sample("/shrinks", b, 0, 5),
            ];
            queues.extend(others.clone());
            history.add(clock.sample(at, queues));
        }
        history
    }

    fn names(filter: &str, sort_key: SortKey, is_reversed: bool) -> Vec<String> {
        let history = history();
        let rows = filter_and_sort(history.rows(), filter, sort_key, is_reversed);
        rows.into_iter().map(|row| row.name.clone()).collect()
    }

    #[test]
    fn each_sort_key_puts_unknown_values_last() {
        for (sort_key, expected) in [
            (SortKey::Name, ["/Grows", "/closed", "/idle", "/shrinks"]),
            (SortKey::Depth, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (SortKey::Messages, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (SortKey::Bytes, ["/idle", "/Grows", "/shrinks", "/closed"]),
            (SortKey::In, ["/Grows", "/idle", "/shrinks", "/closed"]),
            (SortKey::Out, ["/shrinks", "/Grows", "/idle", "/closed"]),
            (SortKey::Used, ["/closed", "/shrinks", "/Grows", "/idle"]),
            (SortKey::Owner, ["/Grows", "/idle", "/shrinks", "/closed"]),
        ] {
            assert_eq!(names("", sort_key, false), expected, "{sort_key:?}");
            let mut reversed = expected;
            reversed.reverse();
            assert_eq!(names("", sort_key, true), reversed, "{sort_key:?}");
        }
    }

    #[test]
    fn filter_matches_substring_ignoring_case() {
        assert_eq!(names("GROW", SortKey::Name, false), ["/Grows"]);
        assert_eq!(names("s", SortKey::Name, false), ["/Grows", "/closed", "/shrinks"]);
        assert!(names("no such", SortKey::Name, false).is_empty());
    }

    #[test]
    fn next_and_previous_visit_every_sort_key() {
        let mut sort_key = SortKey::default();
        for _ in 0..8 {
            assert_eq!(sort_key.next().previous(), sort_key);
            sort_key = sort_key.next();
        }
        assert_eq!(sort_key, SortKey::default());
    }
}
