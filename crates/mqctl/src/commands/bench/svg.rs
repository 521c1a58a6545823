//! The results as an SVG chart: rates on the left, round trips on the right.

use std::fmt::Write as _;
use std::fs;

use super::results::{PERCENTILES, Results, SizeResults};
use super::table::format_duration;

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 400.0;
/// The top and bottom of both panels.
const TOP: f64 = 70.0;
const BOTTOM: f64 = 330.0;
const RATES: Panel = Panel { left: 80.0, right: 440.0 };
const TIMES: Panel = Panel { left: 540.0, right: 890.0 };
/// Colors that most people with color blindness can distinguish (Okabe and Ito).
const COLORS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"];

struct Panel {
    left: f64,
    right: f64,
}

impl Panel {
    /// The center of the n-th of `of` columns.
    fn column_center(&self, n: usize, of: usize) -> f64 {
        let width = (self.right - self.left) / to_f64(of.max(1));
        self.left + width * (to_f64(n) + 0.5)
    }

    fn draw_axes(&self, text: &mut String, title: &str) {
        let Self { left, right } = self;
        let _ = writeln!(text, "<text x=\"{left}\" y=\"50\" font-size=\"15\">{title}</text>");
        let _ = writeln!(
            text,
            "<path d=\"M{left} {TOP}V{BOTTOM}H{right}\" fill=\"none\" stroke=\"#888\"/>"
        );
    }

    /// A horizontal line with a label at its left end.
    fn draw_gridline(&self, text: &mut String, y: f64, label: &str) {
        let Self { left, right } = self;
        let _ = writeln!(text, "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>");
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            left - 8.0,
            y + 4.0
        );
    }
}

pub(super) fn render(results: &Results) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"20\" y=\"24\" font-size=\"18\">POSIX message queues, {}</text>\n",
        escape(&describe_machine())
    );
    draw_rates(&mut text, &results.sizes);
    draw_round_trips(&mut text, &results.sizes);
    text.push_str("</svg>\n");
    text
}

/// Two bars for each size.
fn draw_rates(text: &mut String, sizes: &[SizeResults]) {
    RATES.draw_axes(text, "per second");
    let all = sizes
        .iter()
        .flat_map(|size_results| [size_results.pairs.median(), size_results.stream.median()]);
    let step = round_step(all.fold(1.0, f64::max) / 5.0);
    let top = step * 6.0;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / top;
    for n in 0..=5 {
        let value = step * f64::from(n);
        RATES.draw_gridline(text, y(value), &format!("{value:.0}"));
    }
    let width = (RATES.right - RATES.left) / to_f64(sizes.len().max(1)) / 3.0;
    for (n, size_results) in sizes.iter().enumerate() {
        let middle = RATES.column_center(n, sizes.len());
        for ((value, left), color) in
            [(size_results.pairs.median(), middle - width), (size_results.stream.median(), middle)]
                .into_iter()
                .zip(COLORS)
        {
            let _ = writeln!(
                text,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill=\"{color}\"/>",
                y(value),
                width - 2.0,
                BOTTOM - y(value),
            );
        }
        draw_axis_label(text, middle, &format_size(size_results.size));
    }
    draw_legend_entry(text, RATES.left, 0, "pairs, in one thread");
    draw_legend_entry(text, RATES.left + 180.0, 1, "messages to another thread");
}

/// A line for each size, through its percentiles.
fn draw_round_trips(text: &mut String, sizes: &[SizeResults]) {
    TIMES.draw_axes(text, "round trip between two threads");
    let at_permille = |size_results: &SizeResults, permille| {
        size_results.round_trips.at_permille(permille).max(1)
    };
    let shortest =
        sizes.iter().map(|size_results| at_permille(size_results, 500)).min().unwrap_or(1);
    let longest =
        sizes.iter().map(|size_results| at_permille(size_results, 999)).max().unwrap_or(1);
    let decade = |nanoseconds: u64| f64::from(nanoseconds.max(1).ilog10());
    let (low, high) = (decade(shortest), decade(longest) + 1.0);
    let y = |nanoseconds: u64| {
        BOTTOM - (BOTTOM - TOP) * (to_f64(nanoseconds.max(1)).log10() - low) / (high - low)
    };
    for power in shortest.ilog10()..=longest.ilog10() {
        for factor in [1, 2, 5] {
            let value = factor * 10_u64.saturating_pow(power);
            TIMES.draw_gridline(text, y(value), &format_duration(value));
        }
    }
    for (n, (name, _)) in PERCENTILES.iter().enumerate() {
        draw_axis_label(text, TIMES.column_center(n, PERCENTILES.len()), name);
    }
    for (n, size_results) in sizes.iter().enumerate() {
        let point = |(n, (_, permille)): (usize, &(&str, u64))| {
            let x = TIMES.column_center(n, PERCENTILES.len());
            format!("{x:.1},{:.1}", y(at_permille(size_results, *permille)))
        };
        let points: Vec<String> = PERCENTILES.iter().enumerate().map(point).collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\"/>",
            points.join(" "),
            color(n)
        );
        let column = TIMES.left - 20.0 + 380.0 / to_f64(sizes.len().max(4)) * to_f64(n);
        draw_legend_entry(text, column, n, &format_size(size_results.size));
    }
}

fn draw_axis_label(text: &mut String, x: f64, label: &str) {
    let y = BOTTOM + 18.0;
    let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>");
}

/// The label of a color.
fn draw_legend_entry(text: &mut String, x: f64, n: usize, label: &str) {
    let y = HEIGHT - 22.0;
    let _ = writeln!(
        text,
        "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n\
         <text x=\"{:.1}\" y=\"{y:.1}\">{label}</text>",
        y - 10.0,
        color(n),
        x + 17.0,
    );
}

fn color(n: usize) -> &'static str {
    COLORS.iter().cycle().nth(n).copied().unwrap_or("#000")
}

/// Rounds up to 1, 2 or 5 times a power of ten.
fn round_step(min: f64) -> f64 {
    let power = 10_f64.powf(min.log10().floor());
    [1.0, 2.0, 5.0].map(|n| n * power).into_iter().find(|n| *n >= min).unwrap_or(10.0 * power)
}

fn format_size(size: usize) -> String {
    if size >= 1024 && size.is_multiple_of(1024) {
        format!("{} KiB", size / 1024)
    } else {
        format!("{size} B")
    }
}

/// The kernel version and the number of CPUs, without which the numbers mean little.
fn describe_machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Linux {}, {cpus} CPUs", kernel.trim())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// For drawing, where a pixel is exact enough.
#[expect(clippy::cast_precision_loss)]
fn to_f64(n: impl TryInto<u64>) -> f64 {
    n.try_into().unwrap_or(u64::MAX) as f64
}

#[cfg(test)]
mod tests {
    use super::{escape, format_size, render, round_step};
    use crate::commands::bench::results::Results;
    use std::time::Duration;

    #[test]
    fn grid_steps_are_round() {
        for (min, step) in [(1.0, 1.0), (1.1, 2.0), (2.1, 5.0), (51.0, 100.0), (0.3, 0.5)] {
            assert!((round_step(min) - step).abs() < 1e-9, "{min}");
        }
    }

    #[test]
    fn sizes_are_readable_and_text_is_escaped() {
        assert_eq!(
            [0, 64, 1024, 1500, 8192].map(format_size),
            ["0 B", "64 B", "1 KiB", "1500 B", "8 KiB"]
        );
        assert_eq!(escape("6.1<&>"), "6.1&lt;&amp;>");
    }

    #[test]
    fn each_size_has_two_bars_and_a_line() {
        let mut results = Results::empty(&[0, 64, 1024]);
        for size_results in &mut results.sizes {
            size_results.pairs.push(600_000.0);
            size_results.stream.push(250_000.0);
            size_results.round_trips.add(Duration::from_micros(90));
        }
        let text = render(&results);
        assert_eq!(text.matches("<polyline").count(), 3);
        let keys_and_ground = 2 + 3 + 1;
        assert_eq!(text.matches("<rect").count(), 2 * 3 + keys_and_ground);
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn empty_results_draw_finite_numbers() {
        let text = render(&Results::empty(&[0]));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
