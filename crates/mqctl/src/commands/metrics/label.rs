//! Queue names as labels: arbitrary bytes, in a format that allows only UTF-8.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Returns the labels without the braces. Different names have different labels.
pub(super) fn labels(name: &OsStr) -> String {
    let mut labels = format!("name=\"{}\"", escape(name.as_bytes()));
    if name.to_str().is_none() {
        // Another queue's name could contain the escape sequence literally.
        let bytes = BASE64_STANDARD.encode(name.as_bytes());
        let _ = write!(labels, ",name_base64=\"{bytes}\"");
    }
    labels
}

/// Escapes the three special characters of the format, and bytes that are not UTF-8 as `\xff`.
fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => escaped.push_str(r"\\"),
                '"' => escaped.push_str("\\\""),
                '\n' => escaped.push_str(r"\n"),
                c => escaped.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(escaped, r"\\x{byte:02x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::labels;

    #[test]
    fn only_the_three_special_characters_are_escaped() {
        for (name, expected) in [
            ("/jobs", r#"name="/jobs""#),
            ("/a \"b\"", r#"name="/a \"b\"""#),
            ("/a\nb\tc\rd", "name=\"/a\\nb\tc\rd\""),
            (r"/a\nb", r#"name="/a\\nb""#),
            ("/gr\u{fc}n{}", "name=\"/gr\u{fc}n{}\""),
        ] {
            assert_eq!(labels(OsStr::new(name)), expected);
        }
    }

    #[test]
    fn non_utf8_name_has_distinct_labels() {
        let bytes = labels(OsStr::from_bytes(b"/a\xffb"));
        let looks_like_it = labels(OsStr::new(r"/a\xffb"));
        assert_eq!(bytes, r#"name="/a\\xffb",name_base64="L2H/Yg==""#);
        assert_eq!(looks_like_it, r#"name="/a\\xffb""#);
    }
}
