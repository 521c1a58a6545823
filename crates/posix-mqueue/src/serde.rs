//! `Serialize` and `Deserialize` where they cannot be derived: a name, and bytes as bytes.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::name::QueueName;

/// As text, in a format that people read, if it is UTF-8; else as its bytes.
///
/// ```
/// use posix_mqueue::QueueName;
///
/// let name = QueueName::new("/jobs")?;
/// assert_eq!(serde_json::to_string(&name)?, r#""/jobs""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for QueueName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.as_os_str();
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(name.as_bytes());
        }
        match name.to_str() {
            Some(text) => serializer.serialize_str(text),
            // Not every such format has bytes; all have sequences of numbers.
            None => serializer.collect_seq(name.as_bytes()),
        }
    }
}

/// Checks the name as [`QueueName::new`] does.
///
/// ```
/// use posix_mqueue::QueueName;
///
/// let name: QueueName = serde_json::from_str(r#""/jobs""#)?;
/// assert_eq!(name, QueueName::new("/jobs")?);
/// let error = serde_json::from_str::<QueueName>(r#""jobs""#).unwrap_err();
/// assert!(error.to_string().contains("start with a slash"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<'de> Deserialize<'de> for QueueName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = if deserializer.is_human_readable() {
            deserializer.deserialize_any(Bytes("the name of a message queue"))
        } else {
            deserializer.deserialize_byte_buf(Bytes("the name of a message queue"))
        }?;
        Self::new(OsString::from_vec(name)).map_err(D::Error::custom)
    }
}

/// For `serde(with)`: a format that has bytes gets them as such, not as a sequence of numbers.
pub(crate) mod bytes {
    use super::{Bytes, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(data: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(data)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_byte_buf(Bytes("the bytes of a message"))
    }
}

/// Takes bytes in whatever form a format has them; with what they are, for its errors.
struct Bytes(&'static str);

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Vec<u8>, E> {
        Ok(text.into_bytes())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u8>, A::Error> {
        // The hint is the sender's word: nothing is reserved on it alone.
        let mut bytes = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(4096));
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
