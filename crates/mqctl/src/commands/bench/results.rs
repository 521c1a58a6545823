//! What was measured: plain values.

use super::histogram::Histogram;

/// Of every size.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) sizes: Vec<SizeResults>,
}

/// Of messages of one size.
#[derive(Debug, Default)]
pub(super) struct SizeResults {
    /// Bytes.
    pub(super) size: usize,
    /// Pairs a second.
    pub(super) pairs: Rounds,
    /// Messages a second.
    pub(super) stream: Rounds,
    pub(super) round_trips: Histogram,
}

impl Results {
    /// Nothing yet.
    pub(super) fn empty(sizes: &[usize]) -> Self {
        let without_samples = |size: &usize| SizeResults { size: *size, ..SizeResults::default() };
        Self { sizes: sizes.iter().map(without_samples).collect() }
    }
}

impl SizeResults {
    /// Bytes a second, of the stream.
    #[expect(clippy::cast_precision_loss)]
    pub(super) fn bytes_per_second(&self) -> f64 {
        self.stream.median() * self.size as f64
    }
}

/// The percentiles that are told, by their names and as parts of a thousand.
pub(super) const PERCENTILES: [(&str, u64); 4] =
    [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];

/// The same number, once from each round.
#[derive(Debug, Default)]
pub(super) struct Rounds(Vec<f64>);

impl Rounds {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_unstable_by(f64::total_cmp);
    }

    /// The one in the middle, the higher one of two.
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
