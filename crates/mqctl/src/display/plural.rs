//! How many there are, in words.

/// "1 queue", "2 queues".
pub(crate) fn pluralize(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

pub(crate) fn messages(number: u64) -> String {
    pluralize(number, "message", "messages")
}
