//! Bars and sparklines of the results, printed after the table on a terminal.

use std::fmt::Write as _;

use super::results::{Results, Rounds, SizeResults};
use super::table::format_duration;
use crate::display::bars;

/// The length of the longest bar, in cells.
const BAR_WIDTH: usize = 48;
/// The number of columns per doubling of the round trip time.
const COLUMNS_PER_OCTAVE: i32 = 4;

pub(super) fn render(results: &Results) -> String {
    let mut text = String::new();
    bars(&mut text, "pairs per second, in one thread", results, |size_results| &size_results.pairs);
    bars(&mut text, "messages per second, to another thread", results, |size_results| {
        &size_results.stream
    });
    round_trips(&mut text, results);
    text
}

fn bars(text: &mut String, title: &str, results: &Results, value: fn(&SizeResults) -> &Rounds) {
    let _ = writeln!(text, "\n{title}");
    let most =
        results.sizes.iter().map(|size_results| value(size_results).median()).fold(0.0, f64::max);
    for size_results in &results.sizes {
        let value = value(size_results).median();
        let bar = bars::bar(value, most, BAR_WIDTH);
        let _ = writeln!(text, "{:>8}  {bar} {value:.0}", size_results.size);
    }
}

/// The distribution of round trip times for each size, on a common scale.
#[expect(clippy::cast_precision_loss)]
fn round_trips(text: &mut String, results: &Results) {
    let all = || results.sizes.iter().map(|size_results| &size_results.round_trips);
    let shortest = all().map(|times| times.at_permille(1)).min().unwrap_or(1);
    let longest = all().map(|times| times.at_permille(999)).max().unwrap_or(1);
    let edges = edges(shortest, longest);
    let _ = writeln!(text, "\ndistribution of round trip times");
    for size_results in &results.sizes {
        let counts: Vec<f64> = edges
            .windows(2)
            .filter_map(|edge| Some((*edge.first()?, *edge.last()?)))
            .map(|(from, to)| size_results.round_trips.count_between(from, to) as f64)
            .collect();
        let most = counts.iter().copied().fold(0.0, f64::max);
        let line = bars::sparkline(counts, most);
        let _ = writeln!(text, "{:>8}  {}", size_results.size, line.trim_end());
    }
    let _ = writeln!(text, "{:>8}  {}", "", scale(&edges));
}

/// The bucket edges, from below `shortest` to above `longest`.
fn edges(shortest: u64, longest: u64) -> Vec<u64> {
    let edge = |n: i32| {
        // The value is a duration: not negative, and it fits a u64.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let edge = f64::from(n).exp2().powf(1.0 / f64::from(COLUMNS_PER_OCTAVE)) as u64;
        edge
    };
    let mut edges: Vec<u64> = (0..=64 * COLUMNS_PER_OCTAVE).map(edge).collect();
    edges.dedup();
    let first = edges.partition_point(|edge| *edge < shortest).saturating_sub(1);
    let last = edges.partition_point(|edge| *edge < longest).max(first + 1);
    edges.truncate(last + 1);
    edges.split_off(first.min(edges.len()))
}

/// The scale below the sparklines: a mark at every third doubling.
fn scale(edges: &[u64]) -> String {
    let mut scale = String::new();
    for (column, edge) in
        edges.iter().enumerate().step_by(3 * COLUMNS_PER_OCTAVE.unsigned_abs() as usize)
    {
        while scale.chars().count() < column {
            scale.push(' ');
        }
        let _ = write!(scale, "|{}", format_duration(*edge));
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::{edges, render};
    use crate::commands::bench::results::Results;
    use std::time::Duration;

    #[test]
    fn bucket_edges_enclose_every_duration() {
        for (shortest, longest) in [(0, 0), (1, 1), (999, 1_000_000), (5, u64::MAX)] {
            let edges = edges(shortest, longest);
            assert!(edges.len() >= 2, "{edges:?}");
            assert!(edges[0] <= shortest.max(1));
            assert!(edges[edges.len() - 1] >= longest.min(1 << 63), "{edges:?}");
            assert!(edges.is_sorted());
        }
    }

    #[test]
    fn plot_has_a_line_for_each_size() {
        let mut results = Results::empty(&[0, 8192]);
        for (n, size_results) in (1..).zip(&mut results.sizes) {
            size_results.pairs.push(600_000.0 / f64::from(n));
            size_results.stream.push(250_000.0);
            (1..100).for_each(|us| size_results.round_trips.add(Duration::from_micros(us)));
        }
        let text = render(&results);
        let of =
            |size: &str| text.lines().filter(|line| line.trim_start().starts_with(size)).count();
        assert_eq!((of("0 "), of("8192 ")), (3, 3), "{text}");
        assert!(text.contains(&format!("8192  {} 300000\n", "█".repeat(24))), "{text}");
    }
}
