//! How the relay creates a missing stream.

use std::collections::BTreeMap;

use super::defaults;
use super::route::{InboundRoute, OutboundRoute};

/// The configuration of a stream that the relay may create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// The name of the stream.
    pub name: String,
    /// The subjects that it stores.
    pub subjects: Vec<String>,
    /// The number of servers that store it.
    pub replicas: usize,
    /// For how long the server detects duplicate messages, in seconds.
    pub duplicate_window: u64,
    /// The size limit in bytes; -1 for none.
    pub max_bytes: i64,
    /// Whether an acknowledged message is deleted, which allows one consumer per subject.
    pub work_queue: bool,
}

/// Returns one specification per stream that a route names, and one for dead letters.
pub(super) fn for_routes(
    outbound: &[OutboundRoute],
    inbound: &[InboundRoute],
    replicas: usize,
) -> BTreeMap<String, StreamSpec> {
    let mut specs = BTreeMap::<String, StreamSpec>::new();
    let routed = outbound.iter().map(|route| (&route.stream, &route.subject));
    let routed = routed.chain(inbound.iter().map(|route| (&route.stream, &route.subject)));
    let dead_letters = defaults::DEAD_LETTER_STREAM.to_owned();
    for (stream, subject) in
        routed.chain(inbound.iter().map(|route| (&dead_letters, &route.dead_letter)))
    {
        // Subjects of other machines start with the same token.
        let wildcard = match subject.split('.').next() {
            None | Some("" | "*" | ">") => "mq.>".to_owned(),
            Some(word) => format!("{word}.>"),
        };
        let spec = specs.entry(stream.clone()).or_insert_with(|| StreamSpec {
            name: stream.clone(),
            subjects: Vec::new(),
            replicas,
            duplicate_window: 120,
            max_bytes: -1,
            work_queue: false,
        });
        if !spec.subjects.contains(&wildcard) {
            spec.subjects.push(wildcard);
        }
    }
    specs
}
