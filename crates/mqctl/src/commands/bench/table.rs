//! The results as a table.

use std::fmt::Write as _;

use super::results::{OfSize, PERCENTILES, Results};

pub(super) fn text(results: &Results) -> String {
    let mut text = format!("{:>8}  {:>8}  {:>8}  {:>7}", "SIZE", "PAIRS/S", "STREAM/S", "MIB/S");
    for (name, _) in PERCENTILES {
        let _ = write!(text, "  {:>8}", name.to_uppercase());
    }
    text.push('\n');
    for of_size in &results.sizes {
        text.push_str(&row(of_size));
        text.push('\n');
    }
    text
}

fn row(of_size: &OfSize) -> String {
    let OfSize { size, pairs, stream, round_trips } = of_size;
    let mebibytes = match size {
        0 => "-".to_owned(),
        _ => format!("{:.1}", of_size.bytes_per_second() / f64::from(1 << 20)),
    };
    let mut row =
        format!("{size:>8}  {:>8.0}  {:>8.0}  {mebibytes:>7}", pairs.median(), stream.median());
    for (_, permille) in PERCENTILES {
        let _ = write!(row, "  {:>8}", time(round_trips.within(permille)));
    }
    row
}

/// Three digits or more, in the unit that suits.
#[expect(clippy::cast_precision_loss)]
pub(super) fn time(nanoseconds: u64) -> String {
    let n = nanoseconds as f64;
    let (n, unit) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => (n / 1e3, "µs"),
        1_000_000..1_000_000_000 => (n / 1e6, "ms"),
        _ => (n / 1e9, "s"),
    };
    let decimals = if n < 10.0 { 2 } else { usize::from(n < 100.0) };
    format!("{n:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::{text, time};
    use crate::commands::bench::results::Results;
    use std::time::Duration;

    #[test]
    fn times_are_told_in_the_unit_that_suits() {
        for (nanoseconds, expected) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (12_345, "12.3 µs"),
            (123_456, "123 µs"),
            (1_234_567, "1.23 ms"),
            (61_000_000_000, "61.0 s"),
        ] {
            assert_eq!(time(nanoseconds), expected);
        }
    }

    #[test]
    fn columns_are_aligned() {
        let mut results = Results::of(&[0, 8192]);
        for of_size in &mut results.sizes {
            of_size.pairs.push(612_345.6);
            of_size.stream.push(250_000.0);
            of_size.round_trips.record(Duration::from_nanos(100));
        }
        assert_eq!(
            text(&results),
            "    SIZE   PAIRS/S  STREAM/S    MIB/S       P50       P90       P99     P99.9
       0    612346    250000        -    100 ns    100 ns    100 ns    100 ns
    8192    612346    250000   1953.1    100 ns    100 ns    100 ns    100 ns
"
        );
    }
}
