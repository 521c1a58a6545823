//! A histogram of durations, of bounded size.

use std::time::Duration;

/// The resolution is one part in 128; durations below 128 ns are exact.
const SUB_BUCKET_BITS: u32 = 7;
const SUB_BUCKETS: u64 = 1 << SUB_BUCKET_BITS;

/// Counts durations, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let bucket = bucket(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
            self.total += 1;
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the duration in nanoseconds that `permille` thousandths do not exceed, or 0 if the
    /// histogram is empty.
    pub(super) fn at_permille(&self, permille: u64) -> u64 {
        let rank = (self.total * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return bucket_max(bucket);
            }
        }
        0
    }

    /// Counts the durations above `from` and up to `to` nanoseconds, within the resolution.
    pub(super) fn count_between(&self, from: u64, to: u64) -> u64 {
        let inside = |bucket: usize| (from..to).contains(&(bucket_max(bucket).saturating_sub(1)));
        self.counts.iter().enumerate().filter(|(bucket, _)| inside(*bucket)).map(|(_, n)| n).sum()
    }
}

/// Each number below `SUB_BUCKETS` has its own bucket; every power of two above is divided into
/// `SUB_BUCKETS` buckets.
fn bucket(nanoseconds: u64) -> usize {
    let shift = (u64::BITS - nanoseconds.leading_zeros()).saturating_sub(SUB_BUCKET_BITS + 1);
    let bucket = (u64::from(shift) << SUB_BUCKET_BITS) + (nanoseconds >> shift);
    // At most 58 << 7.
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The largest number in a bucket.
fn bucket_max(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = (bucket >> SUB_BUCKET_BITS) - 1;
    let sub = bucket - (shift << SUB_BUCKET_BITS);
    // For the last bucket this wraps to u64::MAX.
    ((sub + 1) << shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, bucket_max};
    use std::time::Duration;

    #[test]
    fn bucket_error_is_at_most_one_in_128() {
        let numbers =
            (0..4096).chain((12..57).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 5 << bit]));
        for n in numbers {
            let max = bucket_max(bucket(n));
            assert!(n <= max && max - n <= n / 128, "{n} {max}");
            assert_eq!(bucket(max), bucket(n));
            assert_eq!(bucket(max + 1), bucket(n) + 1);
        }
    }

    #[test]
    fn percentiles_match_sorted_durations() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|n| histogram.add(Duration::from_nanos(n)));
        assert_eq!(histogram.total(), 100);
        for (permille, expected) in [(0, 1), (10, 1), (500, 50), (990, 99), (999, 100), (1000, 100)]
        {
            assert_eq!(histogram.at_permille(permille), expected, "{permille}");
        }
        assert_eq!(histogram.count_between(10, 20), 10);
    }

    #[test]
    fn empty_histogram_has_zero_percentiles() {
        assert_eq!(Histogram::default().at_permille(500), 0);
    }

    #[test]
    fn longest_duration_fits() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::MAX);
        assert_eq!(histogram.at_permille(500), u64::MAX);
    }
}
