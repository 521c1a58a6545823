//! Bytes as pairs of hexadecimal digits.

use std::fmt::Write as _;

pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Decodes digits and ignores white space.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut digits = Vec::with_capacity(text.len());
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digits.push(digit.ok_or("not a hexadecimal digit")?);
    }
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Ok(high << 4 | low),
        _ => Err("the number of hexadecimal digits is odd".to_owned()),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_round_trips() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        assert_eq!(decode(b"0A ff\n"), Ok(vec![10, 255]));
    }

    #[test]
    fn invalid_digits_are_rejected() {
        assert!(decode(b"0g").is_err());
        assert!(decode(b"0aa").is_err());
    }
}
