//! The model: adds samples and derives rates and history of each queue.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Instant, SystemTime};

use super::sample::{QueueId, QueueSample, Sample};
use super::traffic::{self, Traffic};
use crate::display::sanitize;

/// The number of samples kept for the sparkline.
pub(super) const MAX_DEPTHS: usize = 240;

/// The queues of the last sample. Removed queues are forgotten.
#[derive(Debug, Default)]
pub(super) struct History {
    rows: BTreeMap<QueueId, Row>,
    last: Option<(Instant, SystemTime)>,
}

/// One queue, with what was derived from its samples.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) sample: QueueSample,
    /// The escaped name.
    pub(super) name: String,
    /// The rates between the last two samples.
    pub(super) rates: Option<Rates>,
    /// The traffic since the first sample.
    pub(super) total: Traffic,
    /// The fullness at each sample, from 0 to 1, oldest first.
    pub(super) depths: VecDeque<f64>,
}

/// Messages per second, lower bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) sent: f64,
    pub(super) received: f64,
}

impl History {
    pub(super) fn add(&mut self, sample: Sample) {
        let before = self.last.replace((sample.instant, sample.wall_time)).map(|(at, _)| at);
        let seconds = before
            .map_or(0.0, |before| sample.instant.saturating_duration_since(before).as_secs_f64());
        let mut known = std::mem::take(&mut self.rows);
        self.rows = sample
            .queues
            .into_iter()
            .map(|sample| {
                let row = known.remove(&sample.id);
                (
                    sample.id,
                    row.map_or_else(|| Row::new(&sample), |row| row.update(&sample, seconds)),
                )
            })
            .collect();
    }

    /// Returns the rows in unspecified order.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.values()
    }

    /// Returns the time of the last sample.
    pub(super) fn sampled_at(&self) -> Option<SystemTime> {
        self.last.map(|(_, clock)| clock)
    }
}

impl Row {
    fn new(sample: &QueueSample) -> Self {
        let mut row = Self {
            name: sanitize::name(sample.name.as_os_str()),
            sample: sample.clone(),
            rates: None,
            total: Traffic::default(),
            depths: VecDeque::new(),
        };
        row.push_depth();
        row
    }

    /// Adds a sample taken `seconds` later.
    fn update(mut self, sample: &QueueSample, seconds: f64) -> Self {
        let traffic = traffic::between(&self.sample, sample);
        self.rates = traffic.filter(|_| seconds > 0.0).map(|traffic| Rates::of(traffic, seconds));
        self.total += traffic.unwrap_or_default();
        self.sample = sample.clone();
        self.push_depth();
        self
    }

    fn push_depth(&mut self) {
        if self.depths.len() == MAX_DEPTHS {
            self.depths.pop_front();
        }
        self.depths.push_back(self.fullness().unwrap_or(0.0));
    }

    /// Returns the fullness from 0 (empty) to 1 (full); `None` if unknown.
    #[expect(clippy::cast_precision_loss)]
    pub(super) fn fullness(&self) -> Option<f64> {
        let contents = self.sample.contents?;
        Some(contents.messages as f64 / contents.capacity.max(1) as f64)
    }
}

impl Rates {
    #[expect(clippy::cast_precision_loss)]
    fn of(traffic: Traffic, seconds: f64) -> Self {
        Self { sent: traffic.sent as f64 / seconds, received: traffic.received as f64 / seconds }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{History, MAX_DEPTHS, Rates, Row};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::traffic::Traffic;

    fn row<'a>(history: &'a History, name: &str) -> Option<&'a Row> {
        history.rows().find(|row| row.name == name)
    }

    #[test]
    fn rate_is_traffic_divided_by_elapsed_time() {
        let (mut history, clock) = (History::default(), Clock::start());
        history.add(clock.sample(0, vec![fixture::queue_sample("/q", 2, 20, 1)]));
        assert_eq!(row(&history, "/q").and_then(|row| row.rates), None);
        history.add(clock.sample(2_000, vec![fixture::queue_sample("/q", 8, 80, 2)]));
        let rates = row(&history, "/q").and_then(|row| row.rates);
        assert_eq!(rates, Some(Rates { sent: 3.0, received: 0.0 }));
        history.add(clock.sample(2_500, vec![fixture::queue_sample("/q", 7, 70, 2)]));
        let row = row(&history, "/q");
        assert_eq!(row.and_then(|row| row.rates), Some(Rates { sent: 0.0, received: 2.0 }));
        assert_eq!(row.map(|row| row.total), Some(Traffic { sent: 6, received: 1 }));
    }

    #[test]
    fn simultaneous_samples_have_no_rate() {
        let (mut history, clock) = (History::default(), Clock::start());
        for messages in [0, 1] {
            history.add(clock.sample(0, vec![fixture::queue_sample("/q", messages, 0, 1)]));
        }
        assert_eq!(row(&history, "/q").and_then(|row| row.rates), None);
    }

    #[test]
    fn removed_queue_is_forgotten_and_recreated_starts_over() {
        let (mut history, clock) = (History::default(), Clock::start());
        let first = fixture::queue_sample("/q", 9, 9, 1);
        history.add(clock.sample(0, vec![first.clone(), fixture::queue_sample("/other", 0, 0, 1)]));
        let mut second = fixture::queue_sample("/q", 0, 0, 2);
        second.id.1 += 1;
        history.add(clock.sample(1_000, vec![second]));
        assert_eq!(history.rows().len(), 1);
        assert!(history.rows().all(|row| row.sample.id != first.id));
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| (row.rates, row.depths.len())), Some((None, 1)));
    }

    #[test]
    fn old_depths_are_dropped() {
        let (mut history, clock) = (History::default(), Clock::start());
        for n in 0..MAX_DEPTHS + 5 {
            let messages = if n < 5 { 10 } else { 5 };
            let at = Duration::from_secs(n as u64).as_millis();
            history.add(clock.sample(at, vec![fixture::queue_sample("/q", messages, 0, 1)]));
        }
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| row.depths.len()), Some(MAX_DEPTHS));
        assert!(row.is_some_and(|row| row.depths.iter().all(|depth| (depth - 0.5).abs() < 1e-9)));
    }

    #[test]
    fn unreadable_queue_is_listed_without_numbers() {
        let (mut history, clock) = (History::default(), Clock::start());
        let mut sample = fixture::queue_sample("/q", 9, 9, 1);
        sample.contents = None;
        history.add(clock.sample(0, vec![sample.clone()]));
        history.add(clock.sample(1_000, vec![sample]));
        let row = row(&history, "/q");
        assert_eq!(row.map(|row| (row.rates, row.fullness())), Some((None, None)));
    }
}
