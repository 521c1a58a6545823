//! Sizes, the limits on them, and what is said when one refuses.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;

use fixture::{UniqueName, creating};
use posix_mqueue::{Limits, OpenOptions, charge};

fn sysctl(name: &str) -> usize {
    let text = fs::read_to_string(format!("/proc/sys/fs/mqueue/{name}")).unwrap();
    text.trim().parse().unwrap()
}

#[test]
fn limits_are_those_of_proc() {
    let limits = Limits::read().unwrap();
    assert_eq!(limits.default_capacity, sysctl("msg_default"));
    assert_eq!(limits.max_capacity, sysctl("msg_max"));
    assert_eq!(limits.default_message_size, sysctl("msgsize_default"));
    assert_eq!(limits.max_message_size, sysctl("msgsize_max"));
    assert_eq!(limits.max_queues, sysctl("queues_max"));
}

#[test]
fn byte_limits_are_soft_and_hard_rlimit() {
    let text = fs::read_to_string("/proc/self/limits").unwrap();
    let both = text.lines().find_map(|line| line.strip_prefix("Max msgqueue size")).unwrap();
    let mut both = both.split_whitespace().map(|bytes| match bytes {
        "unlimited" => u64::MAX,
        bytes => bytes.parse().unwrap(),
    });
    let limits = Limits::read().unwrap();
    assert_eq!(limits.max_bytes, both.next().unwrap());
    assert_eq!(limits.hard_max_bytes, both.next().unwrap());
}

#[test]
fn charge_is_payload_plus_two_structures() {
    let table = [
        ((0, 0), 0),
        ((1, 0), 96),
        ((1, 1), 97),
        ((1, 8), 104),
        ((10, 8192), 82_880),
        ((32_768, 1), 32_768 * 97),
        // The second structure is charged for 32768 messages at most.
        ((32_769, 1), 32_768 * 97 + 49),
        ((65_536, 1), 65_536 * 49 + 32_768 * 48),
        ((1, usize::MAX), u64::MAX),
        ((usize::MAX, 1), u64::MAX),
        ((usize::MAX, usize::MAX), u64::MAX),
    ];
    for ((capacity, message_size), bytes) in table {
        assert_eq!(charge(capacity, message_size), bytes, "{capacity} of {message_size}");
    }
}

/// Neither, either or both of capacity and message size.
fn with_sizes(capacity: Option<usize>, message_size: Option<usize>) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    capacity.inspect(|&n| _ = options.capacity(n));
    message_size.inspect(|&n| _ = options.message_size(n));
    options
}

#[test]
fn missing_size_is_the_default() {
    let capacity = sysctl("msg_default").min(sysctl("msg_max"));
    let message_size = sysctl("msgsize_default").min(sysctl("msgsize_max"));
    let table = [
        (Some(3), Some(5), (3, 5)),
        (Some(1), None, (1, message_size)),
        (None, Some(8), (capacity, 8)),
        (None, None, (capacity, message_size)),
    ];
    for (asked_capacity, asked_size, made) in table {
        let queue = with_sizes(asked_capacity, asked_size).open(&UniqueName::new()).unwrap();
        assert_eq!((queue.capacity(), queue.message_size()), made);
        let attributes = queue.attributes().unwrap();
        assert_eq!((attributes.capacity, attributes.message_size), made);
    }
}

#[test]
fn a_size_of_zero_is_explained() {
    for (capacity, message_size) in [(0, 8), (1, 0), (0, 0)] {
        let name = UniqueName::new();
        let error = with_sizes(Some(capacity), Some(message_size)).open(&name).unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        assert_eq!(error.explanation(), Some("a queue holds 1 message of 1 byte at least"));
        assert!(!error.is_limit());
    }
}

#[test]
fn a_capacity_over_the_limit_is_explained() {
    let max = sysctl("msg_max");
    let refused = creating().capacity(max + 1).message_size(1).open(&UniqueName::new());
    // A process with CAP_SYS_RESOURCE is granted it.
    let Err(error) = refused else { return };
    assert_eq!(error.raw_os_error(), libc::EINVAL);
    assert!(error.is_limit());
    let over = format!("maxmsg {} exceeds fs.mqueue.msg_max ({max}); ", max + 1);
    assert!(error.explanation().unwrap().starts_with(&over), "{error}");
    let mend = format!("sysctl -w fs.mqueue.msg_max={}", max + 1);
    assert!(max >= 65_536 || error.explanation().unwrap().contains(&mend), "{error}");
}

#[test]
fn a_message_size_over_the_limit_is_explained() {
    let max = sysctl("msgsize_max");
    let refused = creating().capacity(1).message_size(max + 1).open(&UniqueName::new());
    // A process with CAP_SYS_RESOURCE is granted it.
    let Err(error) = refused else { return };
    assert_eq!(error.raw_os_error(), libc::EINVAL);
    assert!(error.is_limit());
    let over = format!("msgsize {} exceeds fs.mqueue.msgsize_max ({max}); ", max + 1);
    assert!(error.explanation().unwrap().starts_with(&over), "{error}");
    let mend = format!("sysctl -w fs.mqueue.msgsize_max={}", max + 1);
    assert!(max >= 16_777_216 || error.explanation().unwrap().contains(&mend), "{error}");
}

#[test]
fn two_sizes_over_their_limits_are_both_explained() {
    let (capacity, message_size) = (sysctl("msg_max") + 1, sysctl("msgsize_max") + 1);
    let options = creating().capacity(capacity).message_size(message_size).clone();
    // A process with CAP_SYS_RESOURCE is granted it.
    let Err(error) = options.open(&UniqueName::new()) else { return };
    let why = error.explanation().unwrap();
    assert!(why.contains(&format!("maxmsg {capacity} exceeds")), "{why}");
    assert!(why.contains(&format!("msgsize {message_size} exceeds")), "{why}");
    let command =
        format!("sysctl -w fs.mqueue.msg_max={capacity} fs.mqueue.msgsize_max={message_size}");
    assert!(why.contains(&command), "{why}");
}

#[test]
fn no_remedy_above_the_kernel_ceiling() {
    let table = [
        (65_537, 1, "the kernel's own ceiling is 65536"),
        (usize::MAX, 1, "the kernel's own ceiling is 65536"),
        (1, 16_777_217, "the kernel's own ceiling is 16777216"),
        (1, usize::MAX, "the kernel's own ceiling is 16777216"),
    ];
    for (capacity, message_size, ceiling) in table {
        let refused = with_sizes(Some(capacity), Some(message_size)).open(&UniqueName::new());
        let error = refused.unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        assert!(error.is_limit());
        assert!(error.explanation().unwrap().ends_with(ceiling), "{error}");
    }
}

#[test]
fn a_refused_queue_is_not_left_behind() {
    let name = UniqueName::new();
    creating().capacity(65_537).open(&name).unwrap_err();
    assert_eq!(posix_mqueue::unlink(&name).unwrap_err().raw_os_error(), libc::ENOENT);
}
