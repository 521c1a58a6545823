//! Renders metrics in the Prometheus text format.

use std::fmt::{self, Write};

use super::counters::Counters;
use super::registry::Metrics;

/// One metric family of the routes.
struct Family {
    direction: Option<&'static str>,
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    sample: fn(&Counters) -> Value,
}

/// The value of a sample. Prometheus counts time in seconds.
enum Value {
    Count(u64),
    Nanoseconds(u64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Nanoseconds(time) => {
                write!(f, "{}.{:09}", time / 1_000_000_000, time % 1_000_000_000)
            }
        }
    }
}

const fn family(
    direction: Option<&'static str>,
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    sample: fn(&Counters) -> Value,
) -> Family {
    Family { direction, name, kind, help, sample }
}

const BOTH: Option<&str> = None;
const OUTBOUND: Option<&str> = Some("out");
const INBOUND: Option<&str> = Some("in");

const FAMILIES: [Family; 13] = [
    family(BOTH, "route_up", "gauge", "1 while the route has no problem", |c| {
        Value::Count(u64::from(c.problems().is_empty()))
    }),
    family(
        OUTBOUND,
        "received_messages_total",
        "counter",
        "Messages received from the queue.",
        |c| Value::Count(c.received.get()),
    ),
    family(OUTBOUND, "received_bytes_total", "counter", "Bytes of the received messages.", |c| {
        Value::Count(c.received_bytes.get())
    }),
    family(
        OUTBOUND,
        "unjournaled_seconds_total",
        "counter",
        "Time for which a message was neither in the queue nor in the journal.",
        |c| Value::Nanoseconds(c.unjournaled_nanoseconds.get()),
    ),
    family(OUTBOUND, "syncs_total", "counter", "Times the journal was synced to disk.", |c| {
        Value::Count(c.syncs.get())
    }),
    family(OUTBOUND, "torn_records_total", "counter", "Torn records that were quarantined.", |c| {
        Value::Count(c.torn_records.get())
    }),
    family(
        OUTBOUND,
        "published_messages_total",
        "counter",
        "Messages acknowledged by the server.",
        |c| Value::Count(c.published.get()),
    ),
    family(
        OUTBOUND,
        "duplicate_messages_total",
        "counter",
        "Published messages that the server had already stored.",
        |c| Value::Count(c.duplicates.get()),
    ),
    family(
        OUTBOUND,
        "journal_messages",
        "gauge",
        "Messages in the journal that the server has not acknowledged.",
        |c| Value::Count(c.pending()),
    ),
    family(OUTBOUND, "journal_bytes", "gauge", "Disk space of the journal.", |c| {
        Value::Count(c.journal_disk_size())
    }),
    family(INBOUND, "delivered_messages_total", "counter", "Messages sent to the queue.", |c| {
        Value::Count(c.delivered.get())
    }),
    family(
        INBOUND,
        "deduplicated_messages_total",
        "counter",
        "Redelivered messages that were not sent again.",
        |c| Value::Count(c.deduplicated.get()),
    ),
    family(
        INBOUND,
        "dead_letters_total",
        "counter",
        "Messages sent to the dead-letter subject.",
        |c| Value::Count(c.dead_letters.get()),
    ),
];

/// Renders all metrics.
pub(super) fn render(metrics: &Metrics) -> String {
    let mut text = String::new();
    let connected = u64::from(metrics.broker.last_error().is_none());
    write_header(&mut text, "connected", "gauge", "1 while the relay is connected to a server.");
    let _ = writeln!(text, "mqrelay_connected {connected}");
    write_header(&mut text, "connections_total", "counter", "Connections that were established.");
    let _ = writeln!(text, "mqrelay_connections_total {}", metrics.broker.connection_count());
    let routes = metrics.routes();
    for family in FAMILIES {
        write_header(&mut text, family.name, family.kind, family.help);
        for ((direction, route), counters) in routes.iter() {
            if family.direction.is_none_or(|only| only == *direction) {
                let labels = format!("direction=\"{direction}\",route=\"{route}\"");
                let value = (family.sample)(counters);
                let _ = writeln!(text, "mqrelay_{}{{{labels}}} {value}", family.name);
            }
        }
    }
    text
}

fn write_header(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP mqrelay_{name} {help}\n# TYPE mqrelay_{name} {kind}");
}
