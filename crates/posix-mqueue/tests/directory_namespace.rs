//! Which queue file system is listed: of this IPC namespace, or none.

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::directory::{mount_points, run_in_namespaces};
use fixture::{child, creating, queue_with_unique_name};
use posix_mqueue::{Directory, Error, QueueName, list_queues};

const COMMAND: &str = "`mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue`";

/// Without it no process can mount, so that only what is mounted can be listed.
const NO_MOUNTING: &str = "-sys_admin";

/// Mounts the queues of the namespace that the script begins in.
const THEIRS: &str = "mkdir -p $M/theirs; mount -t mqueue none $M/theirs;";

/// Ends a script: another one, and the test, in an IPC namespace of their own.
fn elsewhere(script: &str) -> String {
    let exec = format!("exec setpriv --bounding-set={NO_MOUNTING} \"$0\" \"$@\"");
    format!("exec unshare -i sh -c 'IFS=; {script} {exec}' \"$0\" \"$@\"")
}

fn assert_not_mounted(error: &Error) {
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "opendir"));
    assert!(error.explanation().unwrap().contains(COMMAND), "{error}");
}

fn assert_says(error: &Error, why: &str) {
    let point = mount_points().pop().unwrap();
    let why = format!("that at {point:?} {why}");
    assert!(error.explanation().unwrap().contains(&why), "{error} lacks {why}");
}

#[test]
fn missing_mount_error_has_the_mount_command() {
    let test = "missing_mount_error_has_the_mount_command";
    if !child::is_this() {
        return run_in_namespaces("", NO_MOUNTING, test);
    }
    assert_not_mounted(&Directory::open().unwrap_err());
    assert_not_mounted(&list_queues().unwrap_err());
}

#[test]
fn privileged_process_lists_without_a_mount() {
    let test = "privileged_process_lists_without_a_mount";
    if !child::is_this() {
        return run_in_namespaces("", "-sys_time", test);
    }
    let before = mount_points();
    assert_eq!(list_queues().unwrap(), []);
    let queue = queue_with_unique_name();
    assert_eq!(&list_queues().unwrap(), &[queue.name().unwrap().clone()]);
    assert_eq!(mount_points(), before);
}

#[test]
fn a_mount_of_this_namespace_is_listed() {
    let test = "a_mount_of_this_namespace_is_listed";
    if !child::is_this() {
        return run_in_namespaces("mount -t mqueue none $M", NO_MOUNTING, test);
    }
    let queue = queue_with_unique_name();
    assert_eq!(&list_queues().unwrap(), &[queue.name().unwrap().clone()]);
}

#[test]
fn empty_mount_lists_nothing_and_leaves_nothing() {
    let test = "empty_mount_lists_nothing_and_leaves_nothing";
    if !child::is_this() {
        return run_in_namespaces("mount -t mqueue none $M", NO_MOUNTING, test);
    }
    let directory = Directory::open().unwrap();
    assert_eq!(directory.names().unwrap(), []);
    assert_eq!(directory.entries().unwrap(), []);
}

#[test]
fn mount_with_unreadable_queues_is_listed() {
    let test = "mount_with_unreadable_queues_is_listed";
    if !child::is_this() {
        let lost = "-sys_admin,-dac_override,-dac_read_search";
        return run_in_namespaces("mount -t mqueue none $M", lost, test);
    }
    let queue = creating().mode(0).open("/locked").unwrap();
    assert_eq!(&list_queues().unwrap(), &[queue.name().unwrap().clone()]);
}

#[test]
fn a_mount_point_with_odd_bytes_is_found() {
    let test = "a_mount_point_with_odd_bytes_is_found";
    if !child::is_this() {
        let script = "P=\"$M/a b\\\\040\n\t#\"; mkdir -p \"$P\"; mount -t mqueue none \"$P\"";
        return run_in_namespaces(script, NO_MOUNTING, test);
    }
    assert_eq!(list_queues().unwrap(), []);
}

#[test]
fn empty_foreign_mount_is_rejected() {
    let test = "empty_foreign_mount_is_rejected";
    if !child::is_this() {
        return run_in_namespaces(&format!("{THEIRS}{}", elsewhere("")), NO_MOUNTING, test);
    }
    let error = Directory::open().unwrap_err();
    assert_not_mounted(&error);
    assert_says(&error, "shows the queues of another IPC namespace");
}

#[test]
fn foreign_mount_with_equal_names_is_rejected() {
    let test = "foreign_mount_with_equal_names_is_rejected";
    if !child::is_this() {
        let script = format!("{THEIRS} touch $M/theirs/same;{}", elsewhere(""));
        return run_in_namespaces(&script, NO_MOUNTING, test);
    }
    let says_so = || {
        let error = Directory::open().unwrap_err();
        assert_not_mounted(&error);
        assert_says(&error, "shows the queues of another IPC namespace");
    };
    says_so();
    let _ours = creating().open("/same").unwrap();
    says_so();
}

#[test]
fn mount_of_this_namespace_is_chosen() {
    let test = "mount_of_this_namespace_is_chosen";
    if !child::is_this() {
        let ours = "mkdir -p $M/ours; mount -t mqueue none $M/ours;";
        let script = format!("export M; {THEIRS} touch $M/theirs/same;{}", elsewhere(ours));
        return run_in_namespaces(&script, NO_MOUNTING, test);
    }
    assert_eq!(list_queues().unwrap(), []);
    let queue = queue_with_unique_name();
    assert_eq!(&list_queues().unwrap(), &[queue.name().unwrap().clone()]);
    let name = QueueName::new("/same").unwrap();
    let error = Directory::open().unwrap().read(&name).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::ENOENT);
}

#[test]
fn covered_mount_is_rejected() {
    let test = "covered_mount_is_rejected";
    if !child::is_this() {
        let script = "mount -t mqueue none $M; mount -t tmpfs none $M; touch $M/no-queue";
        return run_in_namespaces(script, NO_MOUNTING, test);
    }
    let error = Directory::open().unwrap_err();
    assert_not_mounted(&error);
    assert_says(&error, "is hidden by what is mounted over it");
}

#[test]
fn a_single_mounted_queue_is_no_directory() {
    let test = "a_single_mounted_queue_is_no_directory";
    if !child::is_this() {
        let script = "mkdir -p $M/all; touch $M/one; mount -t mqueue none $M/all; touch $M/all/q; \
                      mount --bind $M/all/q $M/one; umount $M/all";
        return run_in_namespaces(script, NO_MOUNTING, test);
    }
    let error = Directory::open().unwrap_err();
    assert_not_mounted(&error);
    assert_says(&error, "shows a part of the queues only");
}

#[test]
fn limit_on_the_temporary_queue_is_explained() {
    let test = "limit_on_the_temporary_queue_is_explained";
    if !child::is_this() {
        let script = "mount -t mqueue none $M; prlimit --pid $$ --msgqueue=0";
        return run_in_namespaces(script, NO_MOUNTING, test);
    }
    let error = Directory::open().unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::EMFILE, "mq_open"));
    assert!(error.is_limit());
    let why = error.explanation().unwrap();
    for part in ["this IPC namespace or another", "made for a moment", "RLIMIT_MSGQUEUE"] {
        assert!(why.contains(part), "{why}");
    }
}
