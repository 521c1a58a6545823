//! What a process is refused that may not do it, or that is not given what it needs; each in a
//! child that is less than this process.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::env;

use fixture::directory::{run_again, run_in_namespaces, unshare};
use fixture::{UniqueName, child, creating, queue_with_unique_name};
use posix_mqueue::{
    Directory, Error, Limits, MessageQueue, OpenOptions, Result, holders, list_queues, unlink,
};

/// Permissions do not bind whoever has all capabilities.
const UNPRIVILEGED: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
const THEIRS: &str = "POSIX_MQUEUE_TEST_THEIRS";

fn name_of(queue: &MessageQueue) -> &str {
    queue.name().unwrap().as_os_str().to_str().unwrap()
}

fn refusal<T>(outcome: Result<T>) -> (i32, &'static str) {
    let error = outcome.err().unwrap();
    (error.raw_os_error(), error.call())
}

#[test]
fn mode_violation_is_eacces() {
    if !child::is_this() {
        return run_again(UNPRIVILEGED, "mode_violation_is_eacces");
    }
    let name = UniqueName::new();
    let _queue = creating().mode(0o400).open(&name).unwrap();
    OpenOptions::new().read(true).open(&name).unwrap();
    for options in [creating(), OpenOptions::new().write(true).clone()] {
        assert_eq!(refusal(options.open(&name)), (libc::EACCES, "mq_open"));
    }
}

#[test]
fn the_name_of_another_users_queue_stays() {
    let test = "the_name_of_another_users_queue_stays";
    if !child::is_this() {
        let queue = queue_with_unique_name();
        // Nobody need not be able to reach what is in this user's folders.
        let this = env::current_exe().unwrap();
        let script = format!("test -x '{}' && exec \"$0\" \"$@\"", this.display());
        let theirs = format!("{THEIRS}={}", name_of(&queue));
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        let prefix = [&nobody[..], &["env", &theirs]].concat();
        run_again(&[&prefix[..], &["sh", "-c", &script]].concat(), test);
        return assert!(!queue.status().unwrap().unlinked);
    }
    let name = env::var_os(THEIRS).unwrap();
    assert_eq!(refusal(unlink(&name)), (libc::EACCES, "mq_unlink"));
    assert_eq!(refusal(creating().open(&name)), (libc::EACCES, "mq_open"));
}

#[test]
fn unreadable_directory_is_eacces() {
    let test = "unreadable_directory_is_eacces";
    if !child::is_this() {
        let lost = "-sys_admin,-dac_override,-dac_read_search";
        return run_in_namespaces("mount -t mqueue none $M; chmod 1333 $M", lost, test);
    }
    let directory = Directory::open().unwrap();
    let queue = queue_with_unique_name();
    assert_eq!(refusal(directory.names()), (libc::EACCES, "opendir"));
    assert_eq!(refusal(directory.entries()), (libc::EACCES, "opendir"));
    assert_eq!(refusal(list_queues()), (libc::EACCES, "opendir"));
    // One whose name is known can be looked at.
    directory.read(queue.name().unwrap()).unwrap().details.unwrap();
}

#[test]
fn too_many_queues_are_enospc_with_the_sysctl() {
    let test = "too_many_queues_are_enospc_with_the_sysctl";
    if !child::is_this() {
        let one = "echo 1 >/proc/sys/fs/mqueue/queues_max";
        return run_in_namespaces(one, "-sys_resource", test);
    }
    let first = queue_with_unique_name();
    let error = creating().open(&UniqueName::new()).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOSPC, "mq_open"));
    assert!(error.is_limit());
    let why = error.explanation().unwrap();
    assert!(why.contains("queues_max allows (1)"), "{why}");
    assert!(why.contains("`sysctl -w fs.mqueue.queues_max=256`"), "{why}");
    first.unlink().unwrap();
}

#[test]
fn missing_proc_is_explained() {
    let test = "missing_proc_is_explained";
    if !child::is_this() {
        let script = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
        return run_again(&[&unshare(), &["-m", "sh", "-c", script][..]].concat(), test);
    }
    let errors: [Error; 4] = [
        Limits::read().unwrap_err(),
        holders(&[]).unwrap_err(),
        Directory::open().unwrap_err(),
        list_queues().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.raw_os_error(), libc::ENOENT);
        assert!(error.explanation().unwrap().contains("/proc"), "{error}");
    }
    // What needs none of it goes on.
    let queue: MessageQueue = creating().create_unique("/rs-test-").unwrap();
    queue.unlink().unwrap();
    queue.send(b"x", 0).unwrap();
    assert_eq!(queue.status().unwrap().attributes.messages, 1);
}
