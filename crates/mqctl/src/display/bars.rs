//! Bars and sparklines made of block characters.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A bar of at most `width` cells for `value` out of `max`. A value above 0 is always visible.
pub(crate) fn bar(value: f64, max: f64, width: usize) -> String {
    let eighths = scale(value, max, width * 8);
    let mut bar: String = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).and_then(|n| EIGHTHS.get(n)));
    bar
}

/// A character for each value. Zero is a space; a value above 0 is always visible.
pub(crate) fn sparkline(values: impl IntoIterator<Item = f64>, max: f64) -> String {
    let level = |value| match scale(value, max, LEVELS.len()) {
        0 => ' ',
        n => LEVELS.get(n - 1).copied().unwrap_or('█'),
    };
    values.into_iter().map(level).collect()
}

/// Scales to a number of steps. Only 0 gives 0, and only `max` gives all steps.
fn scale(value: f64, max: f64, steps: usize) -> usize {
    if steps == 0 || value.is_nan() || value <= 0.0 || max <= 0.0 {
        return 0;
    }
    if value >= max {
        return steps;
    }
    // The result is between 0 and the number of cells of a screen.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    #[expect(clippy::cast_precision_loss)]
    let n = (value / max * steps as f64).round() as usize;
    n.clamp(1, steps.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::{bar, sparkline};

    #[test]
    fn bar_length_is_proportional() {
        for (value, expected) in
            [(0.0, ""), (5.0, "██"), (10.0, "████"), (99.0, "████"), (3.75, "█▌"), (-1.0, "")]
        {
            assert_eq!(bar(value, 10.0, 4), expected, "{value}");
        }
    }

    #[test]
    fn small_values_show_and_large_stay_below_full() {
        assert_eq!(bar(1.0, 65_536.0, 4), "▏");
        assert_eq!(bar(65_535.0, 65_536.0, 4), "███▉");
        assert_eq!(sparkline([0.0, 1.0, 500.0, 999.0, 1000.0], 1000.0), " ▁▄▇█");
    }

    #[test]
    fn bar_without_width_or_maximum_is_empty() {
        assert_eq!(bar(1.0, 10.0, 0), "");
        assert_eq!(bar(1.0, 0.0, 4), "");
        assert_eq!(bar(f64::NAN, 1.0, 4), "");
    }
}
