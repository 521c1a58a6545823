//! Sizes in bytes with suffixes, as users type them.

/// Parses `100`, `8K` or `8KiB` (1024), `8kB` (1000), up to G.
pub(crate) fn parse(typed: &str) -> Result<usize, String> {
    let digits = typed.len() - typed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = typed.split_at(digits);
    let factor: usize = match suffix {
        "" | "B" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => {
            return Err(
                "a size is a number of bytes, optionally with suffix K, M or G: 8192, 8K".into()
            );
        }
    };
    if number.is_empty() {
        return Err("a size starts with a digit: 8192, 8K".into());
    }
    number
        .parse()
        .ok()
        .and_then(|n: usize| n.checked_mul(factor))
        .ok_or_else(|| "the size exceeds the kernel's maximum (msgsize 16M, maxmsg 65536)".into())
}

/// Parses a size that must not be 0.
pub(crate) fn parse_nonzero(typed: &str) -> Result<usize, String> {
    match parse(typed)? {
        0 => Err("the minimum is 1".into()),
        size => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_nonzero};

    #[test]
    fn suffixes_are_binary_unless_decimal() {
        for (typed, bytes) in
            [("0", 0), ("7B", 7), ("8K", 8192), ("8KiB", 8192), ("2kB", 2000), ("16M", 16 << 20)]
        {
            assert_eq!(parse(typed), Ok(bytes), "{typed}");
        }
    }

    #[test]
    fn invalid_sizes_are_rejected() {
        for typed in ["", "K", "-1", "8 K", "8Q", "1.5K", "99999999999999999999", "99999999999G"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
        assert!(parse_nonzero("0").is_err());
    }
}
