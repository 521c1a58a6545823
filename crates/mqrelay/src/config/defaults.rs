//! Default values and names.

use super::subject::token;

/// The stream that the relay creates for dead letters.
pub(super) const DEAD_LETTER_STREAM: &str = "MQ-DEAD";
pub(super) const IN_FLIGHT: usize = 512;
pub(super) const JOURNAL_SIZE: u64 = 256 << 20;
pub(super) const BATCH: usize = 256;

pub(super) fn outbound_subject(host: &str, route: &str) -> String {
    format!("mq.{}.{}", token(host.as_bytes()), token(route.as_bytes()))
}

pub(super) fn consumer_name(host: &str, route: &str) -> String {
    format!("{}-{}", token(host.as_bytes()), token(route.as_bytes()))
}

pub(super) fn dead_letter_subject(host: &str, route: &str) -> String {
    format!("mq-dead.{}.{}", token(host.as_bytes()), token(route.as_bytes()))
}
