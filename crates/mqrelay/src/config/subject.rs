//! Subjects of the broker.

use crate::error::{Error, Result};

/// Puts the host's name in place of `{host}`.
pub(super) fn expand_host(subject: &str, host: &str) -> String {
    subject.replace("{host}", &token(host.as_bytes()))
}

/// What may be one word of a subject, and a file's name.
pub(super) fn token(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte) } else { '_' }).collect()
}

pub(super) fn check_subject(subject: &str, wildcards: bool) -> Result<()> {
    let count = subject.split('.').count();
    let is_word = |(index, word): (usize, &str)| match word {
        "*" => wildcards,
        ">" => wildcards && index + 1 == count,
        _ => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"*>".contains(c);
            !word.is_empty() && word.chars().all(plain)
        }
    };
    if subject.split('.').enumerate().all(is_word) {
        return Ok(());
    }
    let wild = if wildcards { "" } else { " and no * or >" };
    Err(Error::new(format!("subject = {subject:?} must be words with dots between them{wild}")))
}

/// Whether a subject is one of those that a pattern means.
pub(crate) fn covers(pattern: &str, subject: &str) -> bool {
    let mut words = subject.split('.');
    for part in pattern.split('.') {
        match (part, words.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(word)) if part == word => {}
            _ => return false,
        }
    }
    words.next().is_none()
}
