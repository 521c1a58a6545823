//! The numbers as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use posix_mqueue::{Entry, Limits};

use super::label::labels;

/// A metric that each queue has, or none where the kernel does not tell.
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
        help: "Messages that the queue can hold.",
        value: |queue| Some(queue.details?.attributes.capacity as u64),
    },
    QueueMetric {
        name: "mqueue_bytes",
        help: "Bytes of all messages in the queue.",
        value: |queue| Some(queue.details?.bytes),
    },
    QueueMetric {
        name: "mqueue_message_size_max",
        help: "Bytes that a message of the queue can have.",
        value: |queue| Some(queue.details?.attributes.message_size as u64),
    },
    QueueMetric {
        name: "mqueue_modified_timestamp_seconds",
        help: "When a message was last sent or received, or the queue was made.",
        value: |queue| Some(queue.modified.duration_since(UNIX_EPOCH).ok()?.as_secs()),
    },
    QueueMetric {
        name: "mqueue_notification_registered",
        help: "Whether a process waits to be notified of a message.",
        value: |queue| Some(queue.details?.registration.is_some().into()),
    },
    QueueMetric {
        name: "mqueue_readable",
        help: "Whether the queue may be read, so that the other metrics are known.",
        value: |queue| Some(queue.details.is_some().into()),
    },
];

/// The whole page.
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
            "Queues that there may be (fs.mqueue.queues_max).",
            limits.max_queues.to_string(),
        ),
        (
            "mqueue_limit_messages_max",
            "Messages that a new queue may be made for (fs.mqueue.msg_max).",
            limits.max_capacity.to_string(),
        ),
        (
            "mqueue_limit_messages_default",
            "Messages that it holds if its maker does not say (fs.mqueue.msg_default).",
            limits.default_capacity.to_string(),
        ),
        (
            "mqueue_limit_message_size_max",
            "Bytes a message that a new queue may be made for (fs.mqueue.msgsize_max).",
            limits.max_message_size.to_string(),
        ),
        (
            "mqueue_limit_message_size_default",
            "Bytes a message if its maker does not say (fs.mqueue.msgsize_default).",
            limits.default_message_size.to_string(),
        ),
        (
            "mqueue_limit_user_bytes",
            "Bytes that all queues of this process's user may be charged (RLIMIT_MSGQUEUE).",
            of_user,
        ),
    ] {
        write_header(text, name, help);
        let _ = writeln!(text, "{name} {value}");
    }
}

/// All are gauges: none only grows.
fn write_header(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}
