//! Bars and sparklines out of block characters.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// `part` of `whole`, at most `width` cells long. What is more than nothing is seen.
pub(crate) fn bar(part: f64, whole: f64, width: usize) -> String {
    let eighths = scaled(part, whole, width * 8);
    let mut bar: String = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).and_then(|n| EIGHTHS.get(n)));
    bar
}

/// A character for each value. Zero is a space; anything more is seen.
pub(crate) fn spark(values: impl IntoIterator<Item = f64>, whole: f64) -> String {
    let level = |value| match scaled(value, whole, LEVELS.len()) {
        0 => ' ',
        n => LEVELS.get(n - 1).copied().unwrap_or('█'),
    };
    values.into_iter().map(level).collect()
}

/// How many of `steps`: none for nothing only, and all for the whole only.
fn scaled(part: f64, whole: f64, steps: usize) -> usize {
    if steps == 0 || part.is_nan() || part <= 0.0 || whole <= 0.0 {
        return 0;
    }
    if part >= whole {
        return steps;
    }
    // Between 0 and the number of cells of a screen.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    #[expect(clippy::cast_precision_loss)]
    let n = (part / whole * steps as f64).round() as usize;
    n.clamp(1, steps.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::{bar, spark};

    #[test]
    fn a_bar_is_as_long_as_its_part() {
        for (part, expected) in
            [(0.0, ""), (5.0, "██"), (10.0, "████"), (99.0, "████"), (3.75, "█▌"), (-1.0, "")]
        {
            assert_eq!(bar(part, 10.0, 4), expected, "{part}");
        }
    }

    #[test]
    fn little_is_not_nothing_and_almost_is_not_full() {
        assert_eq!(bar(1.0, 65_536.0, 4), "▏");
        assert_eq!(bar(65_535.0, 65_536.0, 4), "███▉");
        assert_eq!(spark([0.0, 1.0, 500.0, 999.0, 1000.0], 1000.0), " ▁▄▇█");
    }

    #[test]
    fn without_room_or_a_whole_there_is_no_bar() {
        assert_eq!(bar(1.0, 10.0, 0), "");
        assert_eq!(bar(1.0, 0.0, 4), "");
        assert_eq!(bar(f64::NAN, 1.0, 4), "");
    }
}
