//! What the code takes for granted of the kernel, each shown true of the one that runs.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use fixture::{
    TEST_TIMEOUT, creating, descriptor_flags, eventually, notified, queue_of,
    queue_with_unique_name, start_blocked_in,
};
use posix_mqueue::{Deadline, Event, MessageQueue, Notification, PRIORITY_MAX};

fn inode(queue: &MessageQueue) -> u64 {
    let number = queue.as_fd().as_raw_fd();
    fs::metadata(format!("/proc/self/fd/{number}")).unwrap().ino()
}

fn is_registered(queue: &MessageQueue) -> bool {
    let refused = queue.notify(Notification::Silent);
    refused.is_err_and(|error| error.raw_os_error() == libc::EBUSY)
}

#[test]
fn queue_unlinked_elsewhere_has_no_links() {
    let queue = queue_with_unique_name();
    assert!(!queue.status().unwrap().unlinked);
    let other = queue.opened(true, false);
    posix_mqueue::unlink(queue.name().unwrap()).unwrap();
    assert!(queue.status().unwrap().unlinked);
    assert!(other.status().unwrap().unlinked);
}

#[test]
fn handles_of_one_queue_have_one_inode() {
    let queue = queue_with_unique_name();
    assert_eq!(inode(&queue), inode(&queue.opened(false, true)));
}

#[test]
fn a_queue_made_anew_has_another_inode() {
    let queue = queue_with_unique_name();
    queue.unlink().unwrap();
    let other = creating().open(queue.name().unwrap()).unwrap();
    assert_ne!(inode(&queue), inode(&other));
}

#[test]
fn zero_deadline_receives_a_pending_message() {
    let queue = queue_with_unique_name();
    queue.send(b"there", 3).unwrap();
    assert_eq!(queue.attempt_receive(&mut [0; 64]).unwrap(), Some((5, 3)));
    assert_eq!(queue.attempt_receive(&mut [0; 64]).unwrap(), None);
}

#[test]
fn zero_deadline_sends_if_there_is_room() {
    let queue = queue_of(1, 8);
    assert_eq!(queue.attempt_send(b"x", 0).unwrap(), Some(()));
    assert_eq!(queue.attempt_send(b"x", 0).unwrap(), None);
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn a_queue_is_a_regular_file_to_fstat() {
    let status = queue_with_unique_name().status().unwrap();
    assert_eq!(status.mode & libc::S_IFMT, libc::S_IFREG);
}

#[test]
fn a_queue_belongs_to_who_made_it() {
    let status = queue_with_unique_name().status().unwrap();
    let process = fs::metadata("/proc/self").unwrap();
    assert_eq!((status.uid, status.gid), (process.uid(), process.gid()));
}

#[test]
fn send_and_receive_update_mtime_in_seconds() {
    let queue = queue_with_unique_name();
    // The kernel's coarse clock may lag by a tick, and the second is cut off.
    let start = SystemTime::now() - Duration::from_secs(2);
    queue.send(b"x", 0).unwrap();
    let modified = queue.status().unwrap().modified;
    assert!(modified >= start);
    assert_eq!(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos(), 0);
}

#[test]
fn attributes_and_status_need_no_permission_to_read() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    let writer = queue.opened(false, true);
    assert_eq!(writer.attributes().unwrap().messages, 1);
    assert_eq!(writer.status().unwrap().attributes, queue.attributes().unwrap());
}

#[test]
fn each_opening_has_a_mode_of_its_own() {
    let queue = queue_with_unique_name();
    let other = queue.opened(true, true);
    other.set_nonblocking(true).unwrap();
    assert!(other.attributes().unwrap().nonblocking);
    assert!(!queue.attributes().unwrap().nonblocking);
}

#[test]
fn duplicates_of_a_descriptor_share_their_mode() {
    let queue = queue_with_unique_name();
    let duplicate = queue.as_fd().try_clone_to_owned().unwrap();
    for (nonblocking, flag) in [(true, libc::O_NONBLOCK), (false, 0)] {
        queue.set_nonblocking(nonblocking).unwrap();
        assert_eq!(descriptor_flags(&duplicate) & libc::O_NONBLOCK, flag);
    }
}

#[test]
fn priorities_end_at_priority_max() {
    let queue = queue_with_unique_name();
    queue.send(b"x", PRIORITY_MAX).unwrap();
    let error = queue.send(b"x", PRIORITY_MAX + 1).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EINVAL);
}

#[test]
fn closing_another_handle_ends_the_registration() {
    let queue = queue_with_unique_name();
    let other = queue.opened(true, false);
    let told = notified(&queue).unwrap();
    drop(other);
    assert!(matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Removed));
    assert!(!is_registered(&queue));
}

#[test]
fn closing_a_duplicate_ends_the_registration() {
    let queue = queue_with_unique_name();
    let duplicate = queue.as_fd().try_clone_to_owned().unwrap();
    let told = notified(&queue).unwrap();
    drop(duplicate);
    assert!(matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Removed));
}

#[test]
fn asking_for_the_status_leaves_the_registration() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    queue.status().unwrap();
    queue.attributes().unwrap();
    queue.send(b"x", 0).unwrap();
    assert!(matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Arrived(_)));
}

#[test]
fn blocked_receiver_suppresses_the_notification() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    let shared = queue.share();
    let received =
        start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive(&mut [0; 64]));
    queue.send(b"x", 0).unwrap();
    assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
    assert!(is_registered(&queue));
    queue.send(b"x", 0).unwrap();
    assert!(matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Arrived(_)));
}

#[test]
fn poller_does_not_suppress_the_notification() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    let shared = queue.share();
    let deadline = Deadline::from(TEST_TIMEOUT);
    let received = start_blocked_in(libc::SYS_ppoll, move || {
        shared.receive_interruptible(&mut [0; 64], deadline)
    });
    queue.send(b"x", 0).unwrap();
    assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
    assert!(matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Arrived(_)));
}

#[test]
fn blocked_senders_message_notifies_nobody_at_capacity_one() {
    let queue = queue_of(1, 8);
    queue.fill();
    let told = notified(&queue).unwrap();
    let shared = queue.share();
    let sent = start_blocked_in(libc::SYS_mq_timedsend, move || shared.send(b"next", 0));
    assert_eq!(queue.receive_message().unwrap().data, b"fill");
    sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    assert!(is_registered(&queue));
    assert!(told.try_recv().is_err());
}

#[test]
fn receive_from_full_queue_admits_a_blocked_sender() {
    let queue = queue_of(1, 8);
    queue.fill();
    let shared = queue.share();
    let sent = start_blocked_in(libc::SYS_mq_timedsend, move || shared.send(b"next", 0));
    queue.receive_message().unwrap();
    assert_eq!(queue.attributes().unwrap().messages, 1);
    sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
}

#[test]
fn unlinking_wakes_nobody() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let received = start_blocked_in(libc::SYS_mq_timedreceive, move || {
        shared.receive_interruptible(&mut [0; 64], Deadline::Never)
    });
    queue.unlink().unwrap();
    queue.send(b"x", 0).unwrap();
    assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
}

#[test]
fn blocked_thread_shows_its_system_call() {
    // The tests of blocking lean on it.
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let received =
        start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive(&mut [0; 64]));
    assert!(received.try_recv().is_err());
    queue.send(b"x", 0).unwrap();
    assert!(eventually(|| received.try_recv().is_ok()));
}
