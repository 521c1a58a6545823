//! The results: plain values.

use super::histogram::Histogram;

/// The results for all sizes.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) sizes: Vec<SizeResults>,
}

/// The results for messages of one size.
#[derive(Debug, Default)]
pub(super) struct SizeResults {
    /// The size of a message, in bytes.
    pub(super) size: usize,
    /// Pairs of send and receive per second.
    pub(super) pairs: Rounds,
    /// Messages per second.
    pub(super) stream: Rounds,
    pub(super) round_trips: Histogram,
}

impl Results {
    /// Results without measurements.
    pub(super) fn empty(sizes: &[usize]) -> Self {
        let without_samples = |size: &usize| SizeResults { size: *size, ..SizeResults::default() };
        Self { sizes: sizes.iter().map(without_samples).collect() }
    }
}

impl SizeResults {
    /// Bytes per second of the stream.
    #[expect(clippy::cast_precision_loss)]
    pub(super) fn bytes_per_second(&self) -> f64 {
        self.stream.median() * self.size as f64
    }
}

/// The reported percentiles: name, and value in thousandths.
pub(super) const PERCENTILES: [(&str, u64); 4] =
    [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];

/// One measurement, repeated in each round.
#[derive(Debug, Default)]
pub(super) struct Rounds(Vec<f64>);

impl Rounds {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_unstable_by(f64::total_cmp);
    }

    /// The median; the higher of the two middle values if their number is even.
    pub(super) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    pub(super) fn lowest(&self) -> f64 {
        self.0.first().copied().unwrap_or_default()
    }

    pub(super) fn highest(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Rounds;

    #[test]
    fn median_does_not_depend_on_order() {
        let mut rounds = Rounds::default();
        for value in [3.0, 900.0, 1.0, 2.0, 4.0] {
            rounds.push(value);
        }
        let found = [rounds.lowest(), rounds.median(), rounds.highest()];
        assert_eq!(found.map(|n| n.to_string()), ["1", "3", "900"]);
    }
}
