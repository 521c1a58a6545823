//! The directory of queues: their names and what each of them is.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fixture::directory::{directory, entry, run_again, run_in_namespaces};
use fixture::{UniqueName, child, creating, queue_with_unique_name};
use posix_mqueue::{Directory, QueueName, list_queues};

fn position(names: &[QueueName], name: &UniqueName) -> Option<usize> {
    names.iter().position(|listed| listed.as_os_str() == name.as_os_str())
}

#[test]
fn names_of_any_bytes_are_listed_in_order() {
    let Some(directory) = directory("names_of_any_bytes_are_listed_in_order") else { return };
    let ends: [&[u8]; 6] = [b" a b", b"\n\t", b"\\040", b" (deleted)", b"\xff\xfe", "ü".as_bytes()];
    let names: Vec<_> =
        ends.iter().map(|end| UniqueName::ending_in(OsStr::from_bytes(end))).collect();
    let _queues: Vec<_> =
        names.iter().map(|name| creating().capacity(1).open(name).unwrap()).collect();
    let listed = directory.names().unwrap();
    assert!(listed.is_sorted());
    for name in &names {
        assert!(position(&listed, name).is_some(), "{name:?} in {listed:?}");
        let read = directory.read(&QueueName::new(name).unwrap()).unwrap();
        assert_eq!(read.name.as_os_str(), name.as_os_str());
    }
}

#[test]
fn a_longest_name_is_listed() {
    let Some(directory) = directory("a_longest_name_is_listed") else { return };
    let name = UniqueName::padded_to(255);
    creating().open(&name).unwrap();
    assert!(position(&directory.names().unwrap(), &name).is_some());
}

#[test]
fn queue_is_listed_until_unlinked() {
    let Some(directory) = directory("queue_is_listed_until_unlinked") else {
        return;
    };
    let queue = queue_with_unique_name();
    let name = queue.name().unwrap();
    assert!(directory.names().unwrap().contains(name));
    assert!(list_queues().unwrap().contains(name));
    queue.unlink().unwrap();
    assert!(!directory.names().unwrap().contains(name));
    assert!(!list_queues().unwrap().contains(name));
}

#[test]
fn an_entry_says_what_the_queue_says() {
    let Some(directory) = directory("an_entry_says_what_the_queue_says") else { return };
    let queue = queue_with_unique_name();
    queue.send(b"twelve bytes", 3).unwrap();
    queue.send(b"", 0).unwrap();
    queue.send(b"5 more", 9).unwrap();
    let status = queue.status().unwrap();
    let entry = entry(&directory, &queue);
    assert_eq!(Some(&entry.name), queue.name());
    assert_eq!((entry.mode, entry.uid, entry.gid), (status.mode, status.uid, status.gid));
    assert_eq!(entry.modified, status.modified);
    let details = entry.details.unwrap();
    assert_eq!(details.attributes, status.attributes);
    assert_eq!((details.attributes.messages, details.bytes), (3, 18));
    assert_eq!(details.registration, None);
    let file = fs::metadata(format!("/proc/self/fd/{}", queue.as_fd().as_raw_fd())).unwrap();
    assert_eq!((entry.device, entry.inode), (file.dev(), file.ino()));
    assert!(directory.entries().unwrap().contains(&entry));
}

#[test]
fn reading_takes_no_message_and_changes_no_mode() {
    let Some(directory) = directory("reading_takes_no_message_and_changes_no_mode") else { return };
    let queue = queue_with_unique_name();
    queue.send(b"stays", 3).unwrap();
    for _ in 0..3 {
        assert!(!entry(&directory, &queue).details.unwrap().attributes.nonblocking);
    }
    assert!(!queue.attributes().unwrap().nonblocking);
    assert_eq!(queue.receive_message().unwrap().data, b"stays");
}

#[test]
fn a_queue_made_anew_has_another_identity() {
    let Some(directory) = directory("a_queue_made_anew_has_another_identity") else { return };
    let queue = queue_with_unique_name();
    let before = entry(&directory, &queue);
    queue.unlink().unwrap();
    let anew = creating().open(queue.name().unwrap()).unwrap();
    let after = entry(&directory, &anew);
    assert_ne!((before.device, before.inode), (after.device, after.inode));
}

#[test]
fn a_queue_that_is_not_there_is_enoent() {
    let Some(directory) = directory("a_queue_that_is_not_there_is_enoent") else { return };
    let name = UniqueName::new();
    let error = directory.read(&QueueName::new(&name).unwrap()).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "open"));
    assert_eq!(error.name(), Some(name.as_os_str()));
}

#[test]
fn entries_skips_queues_removed_concurrently() {
    let Some(directory) = directory("entries_skips_queues_removed_concurrently") else {
        return;
    };
    let queue = queue_with_unique_name();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                creating().capacity(1).message_size(1).open(&UniqueName::new()).unwrap();
            }
        });
        let all = || {
            (0..300).all(|_| {
                let entries = directory.entries();
                entries.is_ok_and(|all| all.iter().any(|entry| Some(&entry.name) == queue.name()))
            })
        };
        let all = all();
        done.store(true, Ordering::Relaxed);
        assert!(all);
    });
}

#[test]
fn unreadable_queue_has_no_details() {
    let test = "unreadable_queue_has_no_details";
    if !child::is_this() {
        // Whoever overrides permissions reads every queue.
        let lost = "-sys_admin,-dac_override,-dac_read_search";
        return run_in_namespaces("mount -t mqueue none $M", lost, test);
    }
    let directory = Directory::open().unwrap();
    for mode in [0, 0o200] {
        let name = UniqueName::new();
        let queue = creating().mode(mode).open(&name).unwrap();
        queue.send(b"not told", 0).unwrap();
        let entry = entry(&directory, &queue);
        assert_eq!((entry.mode & 0o7777, entry.details), (mode, None));
        assert_eq!(entry.uid, queue.status().unwrap().uid);
        assert_eq!(directory.entries().unwrap(), [entry]);
    }
}

#[test]
fn too_many_descriptors_are_explained() {
    let test = "too_many_descriptors_are_explained";
    if !child::is_this() {
        let Some(_) = directory(test) else { return };
        return run_again(&["sh", "-c", "ulimit -n 40 && exec \"$0\" \"$@\""], test);
    }
    let directory = Directory::open().unwrap();
    let queue = queue_with_unique_name();
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let errors = [
        directory.read(queue.name().unwrap()).unwrap_err(),
        directory.names().unwrap_err(),
        directory.entries().unwrap_err(),
        Directory::open().unwrap_err(),
    ];
    drop(files);
    for error in errors {
        assert_eq!(error.raw_os_error(), libc::EMFILE);
        assert!(error.is_limit());
        assert!(error.explanation().unwrap().contains("RLIMIT_NOFILE"), "{error}");
    }
}
