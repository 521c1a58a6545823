//! The results as a table.

use super::results::{PERCENTILES, Results, SizeResults};
use crate::display::table::{Align, NONE, Table};

pub(super) fn build(results: &Results) -> Table {
    let percentiles = PERCENTILES.map(|(name, _)| name.to_uppercase());
    let titles = ["SIZE", "PAIRS/S", "STREAM/S", "MIB/S"].into_iter();
    let columns: Vec<(&str, Align)> =
        titles.chain(percentiles.iter().map(String::as_str)).map(|t| (t, Align::Right)).collect();
    let mut table = Table::new(&columns);
    for size_results in &results.sizes {
        table.push_row(cells(size_results).into_iter().map(String::into_bytes).collect());
    }
    table
}

fn cells(size_results: &SizeResults) -> Vec<String> {
    let SizeResults { size, pairs, stream, round_trips } = size_results;
    let mebibytes = match size {
        0 => NONE.to_owned(),
        _ => format!("{:.1}", size_results.bytes_per_second() / f64::from(1 << 20)),
    };
    let (pairs, stream) = (format!("{:.0}", pairs.median()), format!("{:.0}", stream.median()));
    let times = PERCENTILES.map(|(_, permille)| format_duration(round_trips.at_permille(permille)));
    [size.to_string(), pairs, stream, mebibytes].into_iter().chain(times).collect()
}

/// Formats a duration with at least three digits in a suitable unit.
#[expect(clippy::cast_precision_loss)]
pub(super) fn format_duration(nanoseconds: u64) -> String {
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

    use super::{cells, format_duration};
    use crate::commands::bench::results::Results;

    #[test]
    fn durations_use_a_suitable_unit() {
        for (nanoseconds, expected) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (12_345, "12.3 µs"),
            (123_456, "123 µs"),
            (1_234_567, "1.23 ms"),
            (61_000_000_000, "61.0 s"),
        ] {
            assert_eq!(format_duration(nanoseconds), expected);
        }
    }

    #[test]
    fn empty_messages_have_no_byte_rate() {
        let mut results = Results::empty(&[0, 8192]);
        for size_results in &mut results.sizes {
            size_results.pairs.push(612_345.6);
            size_results.stream.push(250_000.0);
            size_results.round_trips.add(Duration::from_nanos(100));
        }
        let rows: Vec<String> =
            results.sizes.iter().map(|size_results| cells(size_results).join(" | ")).collect();
        assert_eq!(
            rows,
            [
                "0 | 612346 | 250000 | - | 100 ns | 100 ns | 100 ns | 100 ns",
                "8192 | 612346 | 250000 | 1953.1 | 100 ns | 100 ns | 100 ns | 100 ns",
            ]
        );
    }
}
