//! Times counted by size, in little room however many there are.

use std::time::Duration;

/// Times are told apart to one part in 128; below 128 ns, exactly.
const SUB_BITS: u32 = 7;
const SUBS: u64 = 1 << SUB_BITS;

/// How often each time, in nanoseconds, was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(super) fn record(&mut self, time: Duration) {
        let slot = slot(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(slot) {
            *count += 1;
            self.total += 1;
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The nanoseconds within which `permille` of a thousand times were, 0 if there are none.
    pub(super) fn within(&self, permille: u64) -> u64 {
        let rank = (self.total * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper(slot);
            }
        }
        0
    }

    /// How many were longer than `from` nanoseconds and not longer than `to`, as far as they are
    /// told apart.
    pub(super) fn between(&self, from: u64, to: u64) -> u64 {
        let inside = |slot: usize| (from..to).contains(&(upper(slot).saturating_sub(1)));
        self.counts.iter().enumerate().filter(|(slot, _)| inside(*slot)).map(|(_, n)| n).sum()
    }
}

/// Numbers below `SUBS` have one each; every power of two above is divided into `SUBS` slots.
fn slot(nanoseconds: u64) -> usize {
    let shift = (u64::BITS - nanoseconds.leading_zeros()).saturating_sub(SUB_BITS + 1);
    let slot = (u64::from(shift) << SUB_BITS) + (nanoseconds >> shift);
    // At most 58 << 7.
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// The largest number of a slot.
fn upper(slot: usize) -> u64 {
    let slot = slot as u64;
    if slot < SUBS {
        return slot;
    }
    let shift = (slot >> SUB_BITS) - 1;
    let sub = slot - (shift << SUB_BITS);
    // Of the last slot it is the largest number there is.
    ((sub + 1) << shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{Histogram, slot, upper};
    use std::time::Duration;

    #[test]
    fn a_number_is_at_most_one_part_in_128_below_the_largest_of_its_slot() {
        let numbers =
            (0..4096).chain((12..57).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 5 << bit]));
        for n in numbers {
            let upper = upper(slot(n));
            assert!(n <= upper && upper - n <= n / 128, "{n} {upper}");
            assert_eq!(slot(upper), slot(n));
            assert_eq!(slot(upper + 1), slot(n) + 1);
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|n| histogram.record(Duration::from_nanos(n)));
        assert_eq!(histogram.total(), 100);
        for (permille, expected) in [(0, 1), (10, 1), (500, 50), (990, 99), (999, 100), (1000, 100)]
        {
            assert_eq!(histogram.within(permille), expected, "{permille}");
        }
        assert_eq!(histogram.between(10, 20), 10);
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(Histogram::default().within(500), 0);
    }

    #[test]
    fn the_longest_time_fits() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.within(500), u64::MAX);
    }
}
