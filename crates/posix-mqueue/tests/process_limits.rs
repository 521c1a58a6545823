//! Limits of a process, each in a child of its own: the shell lowers one and runs this file's
//! test there.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs::File;

use fixture::{UniqueName, child, creating, queue_with_unique_name};
use posix_mqueue::{Error, Limits};

/// Whether the test succeeds under `ulimit`; None where this machine's shell has no such limit.
fn succeeds_under(ulimit: &str, test: &str) -> Option<bool> {
    let shell = if ulimit.starts_with("-q") { "bash" } else { "sh" };
    let script = format!("ulimit {ulimit} && exec \"$0\" \"$@\"");
    child::succeeds(&[shell, "-c", &script], test)
}

#[test]
fn too_many_bytes_of_queues_are_explained() {
    if !child::is_this() {
        let succeeds = succeeds_under("-q 103", "too_many_bytes_of_queues_are_explained");
        return assert_ne!(succeeds, Some(false));
    }
    assert_eq!(Limits::read().unwrap().max_bytes, 103);
    let error =
        creating().capacity(1).message_size(8).open(&UniqueName::new()).map(drop).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EMFILE);
    assert!(error.is_limit());
    let why = error.explanation().unwrap();
    for part in [
        "RLIMIT_MSGQUEUE",
        "maxmsg=1, msgsize=8 is charged 104 bytes",
        "less left of 103, which is room for maxmsg=1, msgsize=7 at most; ",
        // The hard limit was lowered as well.
        "`prlimit --pid PID --msgqueue=207` as root of the host",
    ] {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn remedy_below_the_hard_limit_needs_no_root() {
    let test = "remedy_below_the_hard_limit_needs_no_root";
    if !child::is_this() {
        return assert_ne!(succeeds_under("-S -q 103", test), Some(false));
    }
    let hard = Limits::read().unwrap().hard_max_bytes;
    let error = creating().capacity(1).message_size(8).open(&UniqueName::new()).unwrap_err();
    let why = error.explanation().unwrap();
    let command = match hard {
        103 => return,
        u64::MAX => "`ulimit -S -q unlimited`".to_owned(),
        _ => format!("`ulimit -S -q {hard}`"),
    };
    assert!(why.contains(&command), "{why}");
    assert!(!why.contains("prlimit"), "{why}");
}

fn use_up_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

fn assert_names_descriptors(error: &Error) {
    assert_eq!((error.raw_os_error(), error.call()), (libc::EMFILE, "mq_open"));
    assert!(error.is_limit());
    assert!(error.explanation().unwrap().contains("RLIMIT_NOFILE"), "{error}");
}

#[test]
fn descriptor_limit_on_create_is_explained() {
    if !child::is_this() {
        let test = "descriptor_limit_on_create_is_explained";
        return assert_ne!(succeeds_under("-n 40", test), Some(false));
    }
    let files = use_up_descriptors();
    let error = creating().open(&UniqueName::new()).unwrap_err();
    drop(files);
    assert_names_descriptors(&error);
}

#[test]
fn descriptor_limit_on_open_is_explained() {
    if !child::is_this() {
        let test = "descriptor_limit_on_open_is_explained";
        return assert_ne!(succeeds_under("-n 40", test), Some(false));
    }
    let queue = queue_with_unique_name();
    let files = use_up_descriptors();
    let error = creating().create(false).open(queue.name().unwrap()).unwrap_err();
    drop(files);
    assert_names_descriptors(&error);
}
