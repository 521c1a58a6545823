//! The model: samples go in, what is known of each queue comes out.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Instant, SystemTime};

use super::sample::{Id, Sample, Seen};
use super::traffic::{self, Traffic};
use crate::display::sanitize;

/// Samples that the sparkline can reach back.
pub(super) const DEPTHS: usize = 240;

/// Of the queues of the last sample, and no other: what is gone is forgotten.
#[derive(Debug, Default)]
pub(super) struct History {
    rows: BTreeMap<Id, Row>,
    last: Option<(Instant, SystemTime)>,
}

/// A queue as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seen: Seen,
    /// The name, safe to look at.
    pub(super) name: String,
    /// Between the last two samples.
    pub(super) rates: Option<Rates>,
    /// Since it was first seen.
    pub(super) total: Traffic,
    /// How full it was at each sample, from 0 to 1; the last is the latest.
    pub(super) depths: VecDeque<f64>,
}

/// Messages a second, at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) came: f64,
    pub(super) went: f64,
}

impl History {
    pub(super) fn add(&mut self, sample: Sample) {
        let before = self.last.replace((sample.at, sample.clock)).map(|(at, _)| at);
        let seconds =
            before.map_or(0.0, |before| sample.at.saturating_duration_since(before).as_secs_f64());
        let mut known = std::mem::take(&mut self.rows);
        self.rows = sample
            .queues
            .into_iter()
            .map(|seen| {
                let row = known.remove(&seen.id);
                (seen.id, row.map_or_else(|| Row::new(&seen), |row| row.then(&seen, seconds)))
            })
            .collect();
    }

    /// In no useful order.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.values()
    }

    /// The time of the last sample.
    pub(super) fn clock(&self) -> Option<SystemTime> {
        self.last.map(|(_, clock)| clock)
    }
}

impl Row {
    fn new(seen: &Seen) -> Self {
        let mut row = Self {
            name: sanitize::name(seen.name.as_os_str()),
            seen: seen.clone(),
            rates: None,
            total: Traffic::default(),
            depths: VecDeque::new(),
        };
        row.remember_depth();
        row
    }

    /// The same queue, so many seconds later.
    fn then(mut self, seen: &Seen, seconds: f64) -> Self {
        let traffic = traffic::between(&self.seen, seen);
        self.rates = traffic.filter(|_| seconds > 0.0).map(|traffic| Rates::of(traffic, seconds));
        self.total += traffic.unwrap_or_default();
        self.seen = seen.clone();
        self.remember_depth();
        self
    }

    fn remember_depth(&mut self) {
        if self.depths.len() == DEPTHS {
            self.depths.pop_front();
        }
        self.depths.push_back(self.fullness().unwrap_or(0.0));
    }

    /// From 0, empty, to 1, full; `None` where it is not known.
    #[expect(clippy::cast_precision_loss)]
    pub(super) fn fullness(&self) -> Option<f64> {
        let contents = self.seen.contents?;
        Some(contents.messages as f64 / contents.capacity.max(1) as f64)
    }
}

impl Rates {
    #[expect(clippy::cast_precision_loss)]
    fn of(traffic: Traffic, seconds: f64) -> Self {
        Self { came: traffic.came as f64 / seconds, went: traffic.went as f64 / seconds }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DEPTHS, History, Rates, Row};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::traffic::Traffic;

    fn row<'a>(history: &'a History, name: &str) -> Option<&'a Row> {
        history.rows().find(|row| row.name == name)
    }

    #[test]
    fn rates_are_what_changed_by_the_time_that_passed() {
        let (mut history, clock) = (History::default(), Clock::start());
        history.add(clock.sample(0, vec![fixture::seen("/q", 2, 20, 1)]));
        assert_eq!(row(&history, "/q").and_then(|row| row.rates), None);
        history.add(clock.sample(2_000, vec![fixture::seen("/q", 8, 80, 2)]));
        let rates = row(&history, "/q").and_then(|row| row.rates);
        assert_eq!(rates, Some(Rates { came: 3.0, went: 0.0 }));
        history.add(clock.sample(2_500, vec![fixture::seen("/q", 7, 70, 2)]));
        let row = row(&history, "/q");
        assert_eq!(row.and_then(|row| row.rates), Some(Rates { came: 0.0, went: 2.0 }));
        assert_eq!(row.map(|row| row.total), Some(Traffic { came: 6, went: 1 }));
    }

    #[test]
    fn two_samples_at_one_moment_have_no_rate() {
        let (mut history, clock) = (History::default(), Clock::start());
        for messages in [0, 1] {
            history.add(clock.sample(0, vec![fixture::seen("/q", messages, 0, 1)]));
        }
        assert_eq!(row(&history, "/q").and_then(|row| row.rates), None);
    }

    #[test]
    fn a_queue_that_is_gone_is_forgotten_and_one_made_anew_begins_anew() {
        let (mut history, clock) = (History::default(), Clock::start());
        let first = fixture::seen("/q", 9, 9, 1);
        history.add(clock.sample(0, vec![first.clone(), fixture::seen("/other", 0, 0, 1)]));
        let mut second = fixture::seen("/q", 0, 0, 2);
        second.id.1 += 1;
        history.add(clock.sample(1_000, vec![second]));
        assert_eq!(history.rows().len(), 1);
        assert!(history.rows().all(|row| row.seen.id != first.id));
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| (row.rates, row.depths.len())), Some((None, 1)));
    }

    #[test]
    fn the_depths_of_long_ago_are_dropped() {
        let (mut history, clock) = (History::default(), Clock::start());
        for n in 0..DEPTHS + 5 {
            let messages = if n < 5 { 10 } else { 5 };
            let at = Duration::from_secs(n as u64).as_millis();
            history.add(clock.sample(at, vec![fixture::seen("/q", messages, 0, 1)]));
        }
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| row.depths.len()), Some(DEPTHS));
        assert!(row.is_some_and(|row| row.depths.iter().all(|depth| (depth - 0.5).abs() < 1e-9)));
    }

    #[test]
    fn an_unreadable_queue_is_shown_and_not_guessed_at() {
        let (mut history, clock) = (History::default(), Clock::start());
        let mut seen = fixture::seen("/q", 9, 9, 1);
        seen.contents = None;
        history.add(clock.sample(0, vec![seen.clone()]));
        history.add(clock.sample(1_000, vec![seen]));
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| (row.rates, row.fullness())), Some((None, None)));
    }
}
