//! Further handles on a queue that is open: duplicates, and openings of their own.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs::{self, Permissions};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;

use fixture::{
    TEST_TIMEOUT, child, descriptor_flags, queue_of, queue_with_unique_name, start_blocked_in,
};
use posix_mqueue::{MessageQueue, OpenOptions};

fn is_nonblocking(queue: &MessageQueue) -> bool {
    queue.attributes().unwrap().nonblocking
}

fn reading() -> OpenOptions {
    OpenOptions::new().read(true).clone()
}

#[test]
fn every_handle_is_one_of_the_same_queue() {
    let queue = queue_of(3, 40);
    for (number, other) in
        [queue.try_clone().unwrap(), queue.reopen().unwrap()].into_iter().enumerate()
    {
        assert_eq!((other.capacity(), other.message_size()), (3, 40));
        assert_eq!(other.name(), queue.name());
        assert!(!other.is_created());
        assert_ne!(other.as_raw_fd(), queue.as_raw_fd());
        assert_eq!(descriptor_flags(&other) & libc::O_CLOEXEC, libc::O_CLOEXEC);
        queue.try_send(b"x", 0).unwrap();
        other.try_send(b"y", 0).unwrap();
        assert_eq!(queue.try_iter().count() + other.try_iter().count(), 2, "{number}");
    }
}

#[test]
fn a_duplicate_shares_the_mode() {
    let queue = queue_with_unique_name();
    let duplicate = queue.try_clone().unwrap();
    for (one, other) in [(&*queue, &duplicate), (&duplicate, &*queue)] {
        one.set_nonblocking(true).unwrap();
        assert!(is_nonblocking(other));
        one.set_nonblocking(false).unwrap();
        assert!(!is_nonblocking(other));
    }
}

#[test]
fn reopened_queue_has_a_private_nonblocking_mode() {
    let queue = queue_with_unique_name();
    for mode in [false, true] {
        queue.set_nonblocking(mode).unwrap();
        let other = queue.reopen().unwrap();
        assert_eq!(is_nonblocking(&other), mode);
        other.set_nonblocking(!mode).unwrap();
        assert_eq!(is_nonblocking(&queue), mode);
        queue.set_nonblocking(mode).unwrap();
        assert_eq!(is_nonblocking(&other), !mode);
    }
}

#[test]
fn the_options_say_which_mode_it_begins_with() {
    let queue = queue_with_unique_name();
    queue.set_nonblocking(true).unwrap();
    assert!(!is_nonblocking(&queue.reopen_with(&reading()).unwrap()));
    assert!(is_nonblocking(&queue.reopen_with(reading().nonblocking(true)).unwrap()));
    assert!(is_nonblocking(&queue));
}

#[test]
fn every_handle_is_open_for_the_same() {
    let queue = queue_with_unique_name();
    let (reader, writer) = (queue.opened(true, false), queue.opened(false, true));
    for other in [reader.try_clone().unwrap(), reader.reopen().unwrap()] {
        let error = other.send(b"x", 0).unwrap_err();
        assert!(error.explanation().unwrap().starts_with("it was opened for reading only"));
    }
    for other in [writer.try_clone().unwrap(), writer.reopen().unwrap()] {
        let error = other.receive_message().unwrap_err();
        assert!(error.explanation().unwrap().starts_with("it was opened for writing only"));
    }
}

#[test]
fn the_options_say_what_it_is_open_for() {
    let queue = queue_with_unique_name();
    let reader = queue.reopen_with(&reading()).unwrap();
    assert_eq!(reader.send(b"x", 0).unwrap_err().raw_os_error(), libc::EBADF);
    let writer = reader.reopen_with(OpenOptions::new().write(true)).unwrap();
    writer.send(b"x", 0).unwrap();
    assert_eq!(writer.try_receive_message().unwrap_err().raw_os_error(), libc::EBADF);
    let both = writer.reopen_with(reading().write(true)).unwrap();
    both.send(b"y", 1).unwrap();
    assert_eq!(both.try_receive_message().unwrap().data, b"y");
}

#[test]
fn unlinked_queue_can_be_reopened() {
    let queue = queue_with_unique_name();
    queue.send(b"kept", 0).unwrap();
    queue.unlink().unwrap();
    assert_eq!(queue.reopen().unwrap().receive_message().unwrap().data, b"kept");
}

#[test]
fn an_adopted_queue_can_be_opened_again() {
    let queue = queue_with_unique_name();
    let adopted = MessageQueue::try_from(OwnedFd::from(queue.opened(true, true))).unwrap();
    let other = adopted.reopen().unwrap();
    assert_eq!(other.name(), None);
    other.send(b"x", 0).unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"x");
}

#[test]
fn creating_is_refused() {
    let queue = queue_with_unique_name();
    for options in [reading().create(true), reading().exclusive(true)] {
        let error = queue.reopen_with(options).unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        let sentence = "a queue that is open is not created: leave out O_CREAT, O_EXCL";
        assert_eq!(error.explanation(), Some(sentence));
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
}

#[test]
fn neither_to_read_nor_to_write_is_refused() {
    let error = queue_with_unique_name().reopen_with(&OpenOptions::new()).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EINVAL);
    assert_eq!(error.explanation(), Some("open it to read, to write or both"));
}

#[test]
fn permissions_that_are_gone_are_missed() {
    let test = "permissions_that_are_gone_are_missed";
    if !child::is_this() {
        // Permissions do not bind whoever has all capabilities.
        let without_capabilities = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
        return assert_ne!(child::succeeds(&without_capabilities, test), Some(false));
    }
    let queue = queue_with_unique_name();
    let path = format!("/proc/self/fd/{}", queue.as_raw_fd());
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    let error = queue.reopen().unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::EACCES, "open"));
    assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    queue.reopen_with(&reading()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    assert_eq!(queue.reopen_with(&reading()).unwrap_err().raw_os_error(), libc::EACCES);
    // What is open stays open.
    queue.try_clone().unwrap().send(b"x", 0).unwrap();
}

#[test]
fn without_proc_the_error_says_so() {
    let test = "without_proc_the_error_says_so";
    if !child::is_this() {
        let script = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
        let without_proc = ["unshare", "--mount", "sh", "-c", script];
        return assert_ne!(child::succeeds(&without_proc, test), Some(false));
    }
    let queue = queue_with_unique_name();
    let error = queue.reopen().unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "open"));
    assert!(error.explanation().unwrap().starts_with("/proc is not mounted"), "{error}");
    queue.try_clone().unwrap();
}

#[test]
fn too_many_descriptors_are_explained() {
    let test = "too_many_descriptors_are_explained";
    if !child::is_this() {
        let few = ["sh", "-c", "ulimit -n 40 && exec \"$0\" \"$@\""];
        return assert_ne!(child::succeeds(&few, test), Some(false));
    }
    let queue = queue_with_unique_name();
    let files: Vec<_> = std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect();
    let errors = [queue.try_clone().unwrap_err(), queue.reopen().unwrap_err()];
    drop(files);
    for error in errors {
        assert_eq!(error.raw_os_error(), libc::EMFILE);
        assert!(error.is_limit());
        assert!(error.explanation().unwrap().contains("RLIMIT_NOFILE"), "{error}");
    }
}

#[test]
fn shutdown_is_of_one_handle() {
    let queue = queue_with_unique_name();
    let others = [queue.try_clone().unwrap(), queue.reopen().unwrap()];
    let waiting = others.map(|other| {
        let received = move || other.receive_interruptible(&mut [0; 64], TEST_TIMEOUT.into());
        start_blocked_in(libc::SYS_ppoll, received)
    });
    queue.shutdown();
    for _ in &waiting {
        queue.try_send(b"x", 0).unwrap();
    }
    for received in waiting {
        assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
    }
}
