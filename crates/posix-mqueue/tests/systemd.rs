//! Queues passed by the service manager. Each test runs again in a process of its own, to which
//! the shell passes descriptors and variables as systemd does.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use fixture::{QueueWithUniqueName, TEST_TIMEOUT, child, descriptor_flags, queue_of};
use posix_mqueue::{MessageQueue, OpenOptions, from_systemd};

/// The queue is descriptor 3, a file descriptor 4, the queue again descriptor 5.
fn started_with(variables: &str, test: &str, queue: &QueueWithUniqueName) -> Command {
    let script = format!("{variables} exec \"$0\" \"$@\" 3<&0 4</etc/passwd 5<&0 0</dev/null");
    let opened = OpenOptions::new().read(true).nonblocking(true).open(queue.name().unwrap());
    let mut command = child::test_by(&["sh", "-c", &script], test);
    for variable in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::from(OwnedFd::from(opened.unwrap())));
    command
}

/// Runs the test as a child that is started like this, and tells the child to go on.
fn in_child(variables: &str, test: &str) -> bool {
    if child::is_this() {
        return true;
    }
    let queue = queue_of(2, 32);
    queue.send(b"passed on", 3).unwrap();
    child::assert_passes(&mut started_with(variables, test, &queue));
    false
}

fn names(queues: &[(std::ffi::OsString, MessageQueue)]) -> Vec<&str> {
    queues.iter().map(|(name, _)| name.to_str().unwrap()).collect()
}

const THREE: &str = "LISTEN_PID=$$ LISTEN_FDS=3";

#[test]
fn passed_queues_keep_names_and_order() {
    let variables = format!("{THREE} LISTEN_FDNAMES=jobs:file:replies");
    if !in_child(&variables, "passed_queues_keep_names_and_order") {
        return;
    }
    let queues = from_systemd().unwrap();
    assert_eq!(names(&queues), ["jobs", "replies"]);
    for (_, queue) in &queues {
        assert_eq!((queue.capacity(), queue.message_size()), (2, 32));
        assert_eq!(queue.name(), None);
        assert!(!queue.is_created());
        assert_eq!(descriptor_flags(queue) & libc::O_CLOEXEC, libc::O_CLOEXEC);
    }
    // The file stays as it was.
    assert!(fs::read_link("/proc/self/fd/4").unwrap().ends_with("passwd"));
    assert!(!fs::read_to_string("/proc/self/fd/4").unwrap().is_empty());
}

#[test]
fn they_are_taken_over_once() {
    if !in_child(THREE, "they_are_taken_over_once") {
        return;
    }
    let queues = from_systemd().unwrap();
    assert_eq!(queues.len(), 2);
    assert_eq!(from_systemd().unwrap().len(), 0);
    drop(queues);
    assert_eq!(from_systemd().unwrap().len(), 0);
    assert!(fs::metadata("/proc/self/fd/4").is_ok());
}

#[test]
fn queues_of_the_program_itself_are_left_alone() {
    if child::is_this() {
        let queue = queue_of(2, 32);
        assert_eq!(from_systemd().unwrap().len(), 0);
        queue.send(b"still open", 0).unwrap();
        return assert_eq!(queue.receive_message().unwrap().data, b"still open");
    }
    // The first queue that the program opens becomes descriptor 3, or a number close to it.
    let script = "LISTEN_PID=$$ LISTEN_FDS=16 exec \"$0\" \"$@\" 3<&-";
    let test = "queues_of_the_program_itself_are_left_alone";
    child::assert_passes(&mut child::test_by(&["sh", "-c", script], test));
}

#[test]
fn only_passed_queues_are_taken_over() {
    let variables = "LISTEN_PID=$$ LISTEN_FDS=16";
    if in_child(variables, "only_passed_queues_are_taken_over") {
        let queue = queue_of(1, 8);
        let passed = from_systemd().unwrap();
        assert_eq!(names(&passed), ["unknown", "unknown"]);
        drop(passed);
        queue.send(b"open", 0).unwrap();
    }
}

#[test]
fn without_names_they_are_unknown() {
    if in_child(THREE, "without_names_they_are_unknown") {
        assert_eq!(names(&from_systemd().unwrap()), ["unknown", "unknown"]);
    }
}

#[test]
fn names_that_are_missing_are_unknown() {
    let variables = format!("{THREE} LISTEN_FDNAMES=jobs");
    if in_child(&variables, "names_that_are_missing_are_unknown") {
        assert_eq!(names(&from_systemd().unwrap()), ["jobs", "unknown"]);
    }
}

#[test]
fn no_more_is_taken_over_than_is_passed() {
    if in_child("LISTEN_PID=$$ LISTEN_FDS=1", "no_more_is_taken_over_than_is_passed") {
        assert_eq!(from_systemd().unwrap().len(), 1);
        assert!(fs::metadata("/proc/self/fd/5").is_ok());
    }
}

#[test]
fn descriptors_passed_to_another_process_are_ignored() {
    let variables = "LISTEN_PID=1 LISTEN_FDS=3";
    if in_child(variables, "descriptors_passed_to_another_process_are_ignored") {
        assert_eq!(from_systemd().unwrap().len(), 0);
        assert!(fs::metadata("/proc/self/fd/3").is_ok());
    }
}

#[test]
fn without_the_variables_there_is_nothing() {
    for variables in ["", "LISTEN_FDS=3", "LISTEN_PID=$$", "LISTEN_PID=x LISTEN_FDS=3"] {
        if !in_child(variables, "without_the_variables_there_is_nothing") {
            continue;
        }
        return assert_eq!(from_systemd().unwrap().len(), 0);
    }
}

#[test]
fn a_number_that_is_none_is_refused() {
    for number in ["three", "-1", "65536", "' 3'", "''"] {
        let variables = format!("LISTEN_PID=$$ LISTEN_FDS={number}");
        if !in_child(&variables, "a_number_that_is_none_is_refused") {
            continue;
        }
        let error = from_systemd().unwrap_err();
        assert_eq!((error.raw_os_error(), error.call()), (libc::EINVAL, "sd_listen_fds"));
        let sentence = "LISTEN_FDS must be the number of descriptors passed";
        assert_eq!(error.explanation(), Some(sentence));
        return;
    }
}

#[test]
fn passed_queue_can_be_waited_on() {
    if !in_child(THREE, "passed_queue_can_be_waited_on") {
        return;
    }
    let (_, queue) = from_systemd().unwrap().remove(0);
    assert!(queue.attributes().unwrap().nonblocking);
    queue.wait_readable(TEST_TIMEOUT).unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"passed on");
    assert!(queue.receive_message().unwrap_err().is_would_block());
    let error = queue.wait_readable(Duration::from_millis(1)).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
    assert!(queue.send(b"x", 0).unwrap_err().explanation().unwrap().contains("O_RDONLY"));

    let waiting = queue.reopen_with(OpenOptions::new().read(true).write(true)).unwrap();
    waiting.send(b"to itself", 0).unwrap();
    assert_eq!(waiting.receive_message().unwrap().data, b"to itself");
    assert!(queue.attributes().unwrap().nonblocking);
}
