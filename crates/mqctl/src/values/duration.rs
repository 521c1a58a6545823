//! Durations, as users type them.

use std::time::Duration;

/// Parses seconds, or a number with the unit ms, s, m, min or h.
pub(crate) fn parse(typed: &str) -> Result<Duration, String> {
    let (number, unit) =
        typed.split_at(typed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(typed.len()));
    let seconds = match unit {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err("a time is a number of seconds, or a number with unit ms, s, m or h".into());
        }
    };
    let number: f64 = number.parse().map_err(|_| "a time starts with a number: 1.5, 200ms, 5m")?;
    Duration::try_from_secs_f64(number * seconds)
        .map_err(|_| "the time is negative or too large".into())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn unit_defaults_to_seconds() {
        for (typed, milliseconds) in [
            ("0", 0),
            ("1.5", 1500),
            ("200ms", 200),
            ("2s", 2000),
            ("5m", 300_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(typed), Ok(Duration::from_millis(milliseconds)), "{typed}");
        }
    }

    #[test]
    fn invalid_durations_are_rejected() {
        for typed in ["", "s", "-1", "nan", "inf", "1 s", "1d", "1e400"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
