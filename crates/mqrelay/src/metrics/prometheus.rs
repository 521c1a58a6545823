//! How Prometheus reads it.

use std::fmt::Write;

use super::counters::Counters;
use super::registry::Metrics;

/// One family of numbers: which routes have it, its name, kind and meaning, and where it is.
type Family = (Has, &'static str, &'static str, &'static str, fn(&Counters) -> u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    All,
    Only(&'static str),
}

const OUT: Has = Has::Only("out");
const IN: Has = Has::Only("in");

const FAMILIES: [Family; 13] = [
    (Has::All, "route_up", "gauge", "whether nothing keeps the route from working", |c| {
        u64::from(c.troubles().is_empty())
    }),
    (OUT, "taken_messages_total", "counter", "taken from the queue", |c| c.taken.get()),
    (OUT, "taken_bytes_total", "counter", "their bytes", |c| c.taken_bytes.get()),
    (
        OUT,
        "in_hand_nanoseconds_total",
        "counter",
        "time in which a message was neither in its queue nor in the journal",
        |c| c.in_hand.get(),
    ),
    (OUT, "syncs_total", "counter", "times the journal was made durable", |c| c.syncs.get()),
    (OUT, "torn_records_total", "counter", "torn records put aside", |c| c.torn.get()),
    (OUT, "published_messages_total", "counter", "acknowledged by the server", |c| {
        c.published.get()
    }),
    (OUT, "duplicate_messages_total", "counter", "that the server had already", |c| {
        c.duplicates.get()
    }),
    (OUT, "journal_messages", "gauge", "in the journal, not acknowledged", Counters::pending),
    (OUT, "journal_bytes", "gauge", "that the journal takes of the disk", |c| {
        c.journal().map_or(0, |journal| journal.size())
    }),
    (IN, "delivered_messages_total", "counter", "sent to the queue", |c| c.delivered.get()),
    (IN, "suppressed_messages_total", "counter", "that came again and were not sent again", |c| {
        c.suppressed.get()
    }),
    (IN, "dead_messages_total", "counter", "sent to the dead-letter subject", |c| c.dead.get()),
];

/// All of them, in the text format of Prometheus.
pub(super) fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    let up = u64::from(metrics.broker.trouble().is_none());
    head(&mut text, "connected", "gauge", "whether there is a connection to the cluster");
    let _ = writeln!(text, "mqrelay_connected {up}");
    head(&mut text, "connections_total", "counter", "connections that were made");
    let _ = writeln!(text, "mqrelay_connections_total {}", metrics.broker.connections());
    let routes = metrics.routes();
    for (has, name, kind, meaning, value) in FAMILIES {
        head(&mut text, name, kind, meaning);
        for ((direction, route), counters) in routes.iter() {
            if has == Has::All || has == Has::Only(direction) {
                let value = value(counters);
                let labels = format!("direction=\"{direction}\",route=\"{route}\"");
                let _ = writeln!(text, "mqrelay_{name}{{{labels}}} {value}");
            }
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, meaning: &str) {
    let _ = writeln!(text, "# HELP mqrelay_{name} {meaning}\n# TYPE mqrelay_{name} {kind}");
}
