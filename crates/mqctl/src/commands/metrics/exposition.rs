//! The metrics in the Prometheus text format, version 0.0.4.

use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use posix_mqueue::{Entry, Limits};

use super::label::labels;

/// A metric of each queue. Its value is None if this user may not read it.
struct QueueMetric {
    name: &'static str,
    help: &'static str,
    value: fn(&Entry) -> Option<u64>,
}

const QUEUE_METRICS: [QueueMetric; 7] = [
    QueueMetric {
        name: "mqueue_messages",
        help: "Messages in the queue.",
        value: |queue| Some(queue.details?.attributes.messages as u64),
    },
    QueueMetric {
        name: "mqueue_messages_max",
        help: "Capacity of the queue in messages.",
        value: |queue| Some(queue.details?.attributes.capacity as u64),
    },
    QueueMetric {
        name: "mqueue_bytes",
        help: "Bytes of all messages in the queue.",
        value: |queue| Some(queue.details?.bytes),
    },
    QueueMetric {
        name: "mqueue_message_size_max",
        help: "Maximum size of a message in bytes.",
        value: |queue| Some(queue.details?.attributes.message_size as u64),
    },
    QueueMetric {
        name: "mqueue_modified_timestamp_seconds",
        help: "Time of the last send or receive, or of the creation.",
        value: |queue| Some(queue.modified.duration_since(UNIX_EPOCH).ok()?.as_secs()),
    },
    QueueMetric {
        name: "mqueue_notification_registered",
        help: "Whether a process is registered for notification.",
        value: |queue| Some(queue.details?.registration.is_some().into()),
    },
    QueueMetric {
        name: "mqueue_readable",
        help: "Whether this user may read the queue; if not, most metrics are missing.",
        value: |queue| Some(queue.details.is_some().into()),
    },
];

/// Renders all metrics.
pub(super) fn render(limits: &Limits, queues: &[Entry]) -> String {
    let mut text = String::new();
    for metric in &QUEUE_METRICS {
        write_header(&mut text, metric.name, metric.help);
        for queue in queues {
            if let Some(value) = (metric.value)(queue) {
                let labels = labels(queue.name.as_os_str());
                let _ = writeln!(text, "{}{{{labels}}} {value}", metric.name);
            }
        }
    }
    write_header(&mut text, "mqueue_queues", "Queues in this IPC namespace.");
    let _ = writeln!(text, "mqueue_queues {}", queues.len());
    write_limits(&mut text, limits);
    text
}

fn write_limits(text: &mut String, limits: &Limits) {
    let of_user = match limits.max_bytes {
        u64::MAX => "+Inf".to_owned(),
        bytes => bytes.to_string(),
    };
    for (name, help, value) in [
        (
            "mqueue_limit_queues_max",
            "Maximum number of queues (fs.mqueue.queues_max).",
            limits.max_queues.to_string(),
        ),
        (
            "mqueue_limit_messages_max",
            "Maximum capacity of a new queue (fs.mqueue.msg_max).",
            limits.max_capacity.to_string(),
        ),
        (
            "mqueue_limit_messages_default",
            "Default capacity of a new queue (fs.mqueue.msg_default).",
            limits.default_capacity.to_string(),
        ),
        (
            "mqueue_limit_message_size_max",
            "Maximum message size of a new queue (fs.mqueue.msgsize_max).",
            limits.max_message_size.to_string(),
        ),
        (
            "mqueue_limit_message_size_default",
            "Default message size of a new queue (fs.mqueue.msgsize_default).",
            limits.default_message_size.to_string(),
        ),
        (
            "mqueue_limit_user_bytes",
            "Bytes that all queues of this user can count together (RLIMIT_MSGQUEUE).",
            of_user,
        ),
    ] {
        write_header(text, name, help);
        let _ = writeln!(text, "{name} {value}");
    }
}

/// All metrics are gauges: none is a counter.
fn write_header(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}
