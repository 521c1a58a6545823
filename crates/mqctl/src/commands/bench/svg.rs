//! The results as a picture: rates on the left, round trips on the right.

use std::fmt::Write as _;
use std::fs;

use super::results::{OfSize, PERCENTILES, Results};
use super::table::time;

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 400.0;
/// Of both panels, in the picture.
const TOP: f64 = 70.0;
const BOTTOM: f64 = 330.0;
const RATES: Panel = Panel { left: 80.0, right: 440.0 };
const TIMES: Panel = Panel { left: 540.0, right: 890.0 };
/// Colours that are told apart by nearly everybody (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"];

struct Panel {
    left: f64,
    right: f64,
}

impl Panel {
    /// The middle of the n-th of so many places side by side.
    fn place(&self, n: usize, of: usize) -> f64 {
        let width = (self.right - self.left) / number(of.max(1));
        self.left + width * (number(n) + 0.5)
    }

    fn begin(&self, text: &mut String, title: &str) {
        let Self { left, right } = self;
        let _ = writeln!(text, "<text x=\"{left}\" y=\"50\" font-size=\"15\">{title}</text>");
        let _ = writeln!(
            text,
            "<path d=\"M{left} {TOP}V{BOTTOM}H{right}\" fill=\"none\" stroke=\"#888\"/>"
        );
    }

    /// A line across, with what it stands for at its left end.
    fn line(&self, text: &mut String, y: f64, label: &str) {
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

pub(super) fn text(results: &Results) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"20\" y=\"24\" font-size=\"18\">POSIX message queues, {}</text>\n",
        escaped(&machine())
    );
    rates(&mut text, &results.sizes);
    times(&mut text, &results.sizes);
    text.push_str("</svg>\n");
    text
}

/// Two bars for each size.
fn rates(text: &mut String, sizes: &[OfSize]) {
    RATES.begin(text, "a second");
    let all = sizes.iter().flat_map(|of_size| [of_size.pairs.median(), of_size.stream.median()]);
    let step = round_step(all.fold(1.0, f64::max) / 5.0);
    let top = step * 6.0;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / top;
    for n in 0..=5 {
        let value = step * f64::from(n);
        RATES.line(text, y(value), &format!("{value:.0}"));
    }
    let width = (RATES.right - RATES.left) / number(sizes.len().max(1)) / 3.0;
    for (n, of_size) in sizes.iter().enumerate() {
        let middle = RATES.place(n, sizes.len());
        for ((value, left), colour) in
            [(of_size.pairs.median(), middle - width), (of_size.stream.median(), middle)]
                .into_iter()
                .zip(COLOURS)
        {
            let _ = writeln!(
                text,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill=\"{colour}\"/>",
                y(value),
                width - 2.0,
                BOTTOM - y(value),
            );
        }
        below(text, middle, &bytes(of_size.size));
    }
    key(text, RATES.left, 0, "pairs, in one thread");
    key(text, RATES.left + 180.0, 1, "messages to another thread");
}

/// A line for each size, through its percentiles.
fn times(text: &mut String, sizes: &[OfSize]) {
    TIMES.begin(text, "a round trip between two threads");
    let within = |of_size: &OfSize, permille| of_size.round_trips.within(permille).max(1);
    let shortest = sizes.iter().map(|of_size| within(of_size, 500)).min().unwrap_or(1);
    let longest = sizes.iter().map(|of_size| within(of_size, 999)).max().unwrap_or(1);
    let decade = |nanoseconds: u64| f64::from(nanoseconds.max(1).ilog10());
    let (low, high) = (decade(shortest), decade(longest) + 1.0);
    let y = |nanoseconds: u64| {
        BOTTOM - (BOTTOM - TOP) * (number(nanoseconds.max(1)).log10() - low) / (high - low)
    };
    for power in shortest.ilog10()..=longest.ilog10() {
        for factor in [1, 2, 5] {
            let value = factor * 10_u64.saturating_pow(power);
            TIMES.line(text, y(value), &time(value));
        }
    }
    for (n, (name, _)) in PERCENTILES.iter().enumerate() {
        below(text, TIMES.place(n, PERCENTILES.len()), name);
    }
    for (n, of_size) in sizes.iter().enumerate() {
        let point = |(n, (_, permille)): (usize, &(&str, u64))| {
            let x = TIMES.place(n, PERCENTILES.len());
            format!("{x:.1},{:.1}", y(within(of_size, *permille)))
        };
        let points: Vec<String> = PERCENTILES.iter().enumerate().map(point).collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\"/>",
            points.join(" "),
            colour(n)
        );
        let column = TIMES.left - 20.0 + 380.0 / number(sizes.len().max(4)) * number(n);
        key(text, column, n, &bytes(of_size.size));
    }
}

fn below(text: &mut String, x: f64, label: &str) {
    let y = BOTTOM + 18.0;
    let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>");
}

/// What a colour stands for.
fn key(text: &mut String, x: f64, n: usize, label: &str) {
    let y = HEIGHT - 22.0;
    let _ = writeln!(
        text,
        "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n\
         <text x=\"{:.1}\" y=\"{y:.1}\">{label}</text>",
        y - 10.0,
        colour(n),
        x + 17.0,
    );
}

fn colour(n: usize) -> &'static str {
    COLOURS.iter().cycle().nth(n).copied().unwrap_or("#000")
}

/// 1, 2 or 5 times a power of ten, not below.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|n| n * power).into_iter().find(|n| *n >= least).unwrap_or(10.0 * power)
}

fn bytes(size: usize) -> String {
    if size >= 1024 && size.is_multiple_of(1024) {
        format!("{} KiB", size / 1024)
    } else {
        format!("{size} B")
    }
}

/// The kernel and the processors, since a number means nothing without them.
fn machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Linux {}, {processors} processors", kernel.trim())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// For drawing, where a pixel is exact enough.
#[expect(clippy::cast_precision_loss)]
fn number(n: impl TryInto<u64>) -> f64 {
    n.try_into().unwrap_or(u64::MAX) as f64
}

#[cfg(test)]
mod tests {
    use super::{bytes, escaped, round_step, text};
    use crate::commands::bench::results::Results;
    use std::time::Duration;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(1.0, 1.0), (1.1, 2.0), (2.1, 5.0), (51.0, 100.0), (0.3, 0.5)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn sizes_and_text_are_written_so_that_they_can_be_read() {
        assert_eq!(
            [0, 64, 1024, 1500, 8192].map(bytes),
            ["0 B", "64 B", "1 KiB", "1500 B", "8 KiB"]
        );
        assert_eq!(escaped("6.1<&>"), "6.1&lt;&amp;>");
    }

    #[test]
    fn there_are_two_bars_and_a_line_for_each_size() {
        let mut results = Results::of(&[0, 64, 1024]);
        for of_size in &mut results.sizes {
            of_size.pairs.push(600_000.0);
            of_size.stream.push(250_000.0);
            of_size.round_trips.record(Duration::from_micros(90));
        }
        let text = text(&results);
        assert_eq!(text.matches("<polyline").count(), 3);
        let keys_and_ground = 2 + 3 + 1;
        assert_eq!(text.matches("<rect").count(), 2 * 3 + keys_and_ground);
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn what_was_not_measured_is_drawn_as_nothing() {
        let text = text(&Results::of(&[0]));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
