//! Counted nouns.

/// Returns "1 queue" or "2 queues".
pub(crate) fn pluralize(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Returns "1 message" or "2 messages".
pub(crate) fn messages(number: u64) -> String {
    pluralize(number, "message", "messages")
}
