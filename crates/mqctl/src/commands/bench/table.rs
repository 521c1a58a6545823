//! The results as a table.

use super::results::{OfSize, PERCENTILES, Results};
use crate::display::table::{NOTHING, Side, Table};

pub(super) fn table(results: &Results) -> Table {
    let percentiles = PERCENTILES.map(|(name, _)| name.to_uppercase());
    let titles = ["SIZE", "PAIRS/S", "STREAM/S", "MIB/S"].into_iter();
    let columns: Vec<(&str, Side)> =
        titles.chain(percentiles.iter().map(String::as_str)).map(|t| (t, Side::Right)).collect();
    let mut table = Table::new(&columns);
    for of_size in &results.sizes {
        table.row(cells(of_size).into_iter().map(String::into_bytes).collect());
    }
    table
}

fn cells(of_size: &OfSize) -> Vec<String> {
    let OfSize { size, pairs, stream, round_trips } = of_size;
    let mebibytes = match size {
        0 => NOTHING.to_owned(),
        _ => format!("{:.1}", of_size.bytes_per_second() / f64::from(1 << 20)),
    };
    let (pairs, stream) = (format!("{:.0}", pairs.median()), format!("{:.0}", stream.median()));
    let times = PERCENTILES.map(|(_, permille)| time(round_trips.within(permille)));
    [size.to_string(), pairs, stream, mebibytes].into_iter().chain(times).collect()
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
    use std::time::Duration;

    use super::{cells, time};
    use crate::commands::bench::results::Results;

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
    fn empty_messages_have_no_bytes_a_second() {
        let mut results = Results::of(&[0, 8192]);
        for of_size in &mut results.sizes {
            of_size.pairs.push(612_345.6);
            of_size.stream.push(250_000.0);
            of_size.round_trips.record(Duration::from_nanos(100));
        }
        let rows: Vec<String> =
            results.sizes.iter().map(|of_size| cells(of_size).join(" | ")).collect();
        assert_eq!(
            rows,
            [
                "0 | 612346 | 250000 | - | 100 ns | 100 ns | 100 ns | 100 ns",
                "8192 | 612346 | 250000 | 1953.1 | 100 ns | 100 ns | 100 ns | 100 ns",
            ]
        );
    }
}
