//! How streams are made.

use std::collections::BTreeMap;

use super::defaults;
use super::route::{InRoute, OutRoute};

/// How a stream is made, where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPlan {
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

/// One for each stream that a route names, and one for dead letters.
pub(super) fn plans(
    out: &[OutRoute],
    inward: &[InRoute],
    replicas: usize,
) -> BTreeMap<String, StreamPlan> {
    let mut plans = BTreeMap::<String, StreamPlan>::new();
    let named = out.iter().map(|route| (&route.stream, &route.subject));
    let named = named.chain(inward.iter().map(|route| (&route.stream, &route.subject)));
    let dead = defaults::DEAD_LETTERS.to_owned();
    for (stream, subject) in named.chain(inward.iter().map(|route| (&dead, &route.dead_letter))) {
        // What this and other machines put there has the first word in common.
        let wide = match subject.split('.').next() {
            None | Some("" | "*" | ">") => "mq.>".to_owned(),
            Some(word) => format!("{word}.>"),
        };
        let plan = plans.entry(stream.clone()).or_insert_with(|| StreamPlan {
            name: stream.clone(),
            subjects: Vec::new(),
            replicas,
            duplicate_window: 120,
            max_bytes: -1,
            work_queue: false,
        });
        if !plan.subjects.contains(&wide) {
            plan.subjects.push(wide);
        }
    }
    plans
}
