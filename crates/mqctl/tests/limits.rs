//! `mqctl limits`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{namespace, run};
use posix_mqueue::{Limits, charge};
use serde_json::Value;

#[test]
fn help() {
    run(["limits", "--help"]).assert_success().assert_snapshot("limits-help");
}

#[test]
fn json_matches_the_current_limits() {
    let limits = Limits::read().unwrap();
    let json = run(["limits", "--json"]).assert_success().json();
    for (name, value) in [
        ("msg_default", limits.default_capacity),
        ("msg_max", limits.max_capacity),
        ("msgsize_default", limits.default_message_size),
        ("msgsize_max", limits.max_message_size),
        ("queues_max", limits.max_queues),
    ] {
        assert_eq!(json["sysctls"][format!("fs.mqueue.{name}")], value, "{name}");
    }
    let finite = |bytes: u64| (bytes != u64::MAX).then_some(bytes);
    assert_eq!(json["rlimit_msgqueue"]["soft"].as_u64(), finite(limits.max_bytes));
    assert_eq!(json["rlimit_msgqueue"]["hard"].as_u64(), finite(limits.hard_max_bytes));
}

/// Sets RLIMIT_MSGQUEUE to a known value; the sysctls of a new namespace are the kernel's defaults.
/// Run it after creating queues, because other queues of the user count too.
const RLIMIT: &str = "prlimit --pid $$ --msgqueue=400000:819200";

#[test]
fn table_shows_charges_and_remaining_queues() {
    let script = format!(
        "mqctl create /small --maxmsg 4 --msgsize 1K
         mqctl create /smaller --maxmsg 1 --msgsize 1
         {RLIMIT}
         mqctl limits"
    );
    let Some(transcript) = namespace::transcript(&script) else { return };
    transcript.assert_success().assert_snapshot("limits-table");
}

#[test]
fn json_has_null_for_unknown_usage() {
    let script = format!(
        "mqctl create /small --maxmsg 4 --msgsize 1K
         {RLIMIT}
         mqctl limits --json
         unprivileged mqctl limits --json"
    );
    let Some(transcript) = namespace::transcript(&script) else { return };
    transcript.assert_success().assert_snapshot("limits-json");
}

#[test]
fn remedies_stay_within_the_kernel_ceiling() {
    let script = "cd /proc/sys/fs/mqueue
                  echo 65536 >msg_max; echo 16777216 >msgsize_max
                  echo 16777216 >msgsize_default; echo 40000 >msg_default
                  mqctl limits | grep fs.mqueue";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("limits-ceilings");
}

#[test]
fn predicted_number_of_queues_can_be_created() {
    // Use a user without queues in other namespaces, which would count but not be visible.
    let uid = 2_000_000_000 + std::process::id();
    let script = format!(
        "mount_queues; {RLIMIT}; NOBODY={uid}
         nobody mqctl limits --json
         for i in 1 2 3 4 5; do nobody mqctl create /q$i 2>/dev/null || echo $i is refused; done"
    );
    let Some(transcript) = namespace::transcript(&script) else { return };
    let text = transcript.assert_success().text();
    let (json, refused) = text.split_once('\n').unwrap();
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["default_queue_charge"], charge(10, 8192));
    assert_eq!(json["default_queues_that_fit"], 4);
    assert_eq!(refused, "5 is refused\n");
}

#[test]
fn unreadable_queues_are_counted() {
    let script = "mount_queues
                  mqctl create /of-root --maxmsg 1 --msgsize 8
                  nobody mqctl limits | grep ^root";
    let Some(transcript) = namespace::transcript(script) else { return };
    let text = transcript.assert_success().text();
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["root", "1", "0", "+", "?"]);
}

#[test]
fn limits_without_mount_reports_unknown_usage() {
    let script = format!("{RLIMIT}; unprivileged mqctl limits");
    let Some(transcript) = namespace::transcript(&script) else { return };
    transcript.assert_code(0).assert_snapshot("limits-unmounted");
}
