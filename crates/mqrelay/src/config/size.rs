//! Sizes in the TOML file.

use serde::{Deserialize, Deserializer};

/// A number of bytes, or text such as `"64M"`; K, M and G are powers of 1024.
pub(super) struct Size(pub(super) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a size must be a number of bytes, or text such as \"64M\"")]
        enum SizeForm {
            Number(u64),
            Text(String),
        }
        let text = match SizeForm::deserialize(deserializer)? {
            SizeForm::Number(bytes) => return Ok(Self(bytes)),
            SizeForm::Text(text) => text,
        };
        let (digits, unit) = match text.char_indices().last() {
            Some((at, 'K')) => (text.get(..at), 1 << 10),
            Some((at, 'M')) => (text.get(..at), 1 << 20),
            Some((at, 'G')) => (text.get(..at), 1 << 30),
            _ => (Some(text.as_str()), 1),
        };
        let number = digits.and_then(|digits| digits.parse::<u64>().ok());
        number.and_then(|number| number.checked_mul(unit)).map(Self).ok_or_else(|| {
            let message = format!("{text:?} is not a size: give bytes, or a number with K, M or G");
            serde::de::Error::custom(message)
        })
    }
}
