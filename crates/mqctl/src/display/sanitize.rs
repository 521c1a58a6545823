//! Escapes untrusted bytes, so that no control character reaches a terminal.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

/// Escapes text, which then fits on one line.
pub(crate) fn line(text: &str) -> String {
    bytes(text.as_bytes())
}

/// Escapes a name or path.
pub(crate) fn name(name: &OsStr) -> String {
    bytes(name.as_bytes())
}

/// Escapes control characters, including line feeds, and bytes that are not UTF-8.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unsafe(c) {
                safe.extend(c.escape_default());
            } else {
                safe.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// Characters that reorder or hide text are as dangerous as those that move the cursor.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || is_deceptive(c)
}

/// Bidirectional overrides and isolates, zero-width characters, line and paragraph separators.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn control_characters_are_escaped_and_letters_kept() {
        assert_eq!(bytes(b"\x1b[2Jhi\n"), "\\u{1b}[2Jhi\\n");
        assert_eq!(bytes("gr\u{fc}n \u{202e}x".as_bytes()), "gr\u{fc}n \\u{202e}x");
        assert_eq!(bytes(b"\xff\xfe"), "\\xff\\xfe");
    }
}
