//! How streams are made.

use std::collections::BTreeMap;

use super::defaults;
use super::route::{InboundRoute, OutboundRoute};

/// How a stream is made, where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name.
    pub name: String,
    /// What it stores.
    pub subjects: Vec<String>,
    /// On how many servers.
    pub replicas: usize,
    /// For how long the server knows the ids of messages, in seconds.
    pub duplicate_window: u64,
    /// How many bytes it may take, -1 for as many as there are.
    pub max_bytes: i64,
    /// Whether a message goes when it is acknowledged, and is for one consumer.
    pub work_queue: bool,
}

/// One for each stream that a route names, and one for dead_letters letters.
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
        // What this and other machines put there has the first word in common.
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
