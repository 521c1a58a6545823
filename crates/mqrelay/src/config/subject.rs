//! NATS subjects.

use crate::error::{Error, Result};

/// Replaces `{host}` with the host name.
pub(super) fn expand_host(subject: &str, host: &str) -> String {
    subject.replace("{host}", &token(host.as_bytes()))
}

/// Converts bytes to a token that is valid in a subject and as a file name.
pub(super) fn token(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte) } else { '_' }).collect()
}

/// Checks the syntax of a subject; `wildcards` says whether `*` and `>` are allowed.
pub(super) fn check_subject(subject: &str, wildcards: bool) -> Result<()> {
    let count = subject.split('.').count();
    let is_token = |(index, token): (usize, &str)| match token {
        "*" => wildcards,
        ">" => wildcards && index + 1 == count,
        _ => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"*>".contains(c);
            !token.is_empty() && token.chars().all(plain)
        }
    };
    if subject.split('.').enumerate().all(is_token) {
        return Ok(());
    }
    let wildcards = if wildcards { "" } else { ", without * or >" };
    Err(Error::new(format!("subject = {subject:?} must be words separated by dots{wildcards}")))
}

/// Returns whether a pattern matches a subject.
pub(crate) fn covers(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for part in pattern.split('.') {
        match (part, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(token)) if part == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}
