//! What an error says, and that an `io::Error` made of it says the same.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::error::Error as _;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use fixture::{creating, queue_with_unique_name};
use posix_mqueue::{Error, OpenOptions, QueueName, unlink};

/// One error with an explanation and one without.
fn errors() -> [Error; 2] {
    [QueueName::new("jobs").unwrap_err(), unlink("/rs-test-no-such-queue").unwrap_err()]
}

#[test]
fn the_text_is_call_name_words_and_explanation() {
    assert_eq!(
        errors().map(|error| error.to_string()),
        [
            "mq_open \"jobs\": Invalid argument: \
             a queue name must start with a slash, as in \"/jobs\"",
            "mq_unlink \"/rs-test-no-such-queue\": No such file or directory",
        ]
    );
}

#[test]
fn the_message_is_words_and_explanation() {
    assert_eq!(
        errors().map(|error| error.message()),
        [
            "Invalid argument: a queue name must start with a slash, as in \"/jobs\"",
            "No such file or directory",
        ]
    );
}

#[test]
fn an_error_without_a_name_shows_none() {
    let error = OpenOptions::from_flags(libc::O_WRONLY | libc::O_RDWR).unwrap_err();
    assert_eq!(error.name(), None);
    assert!(error.to_string().starts_with("mq_open: Invalid argument: exactly one of"));
}

#[test]
fn a_name_is_shown_without_odd_bytes() {
    let error = QueueName::new(OsStr::from_bytes(b"\x1b[31m\n\xff")).unwrap_err();
    let text = error.to_string();
    assert!(text.is_ascii() && !text.contains(char::is_control), "{text:?}");
    assert_eq!(error.name().unwrap().as_bytes(), b"\x1b[31m\n\xff");
}

#[test]
fn an_io_error_keeps_kind_text_and_errno() {
    for error in errors() {
        let (kind, text, errno) = (error.kind(), error.to_string(), error.raw_os_error());
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string()), (kind, text));
        let inside = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(inside.raw_os_error(), errno);
    }
}

#[test]
fn the_kind_is_that_of_std() {
    let [invalid, not_found] = errors();
    assert_eq!(invalid.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(not_found.kind(), io::ErrorKind::NotFound);
    let queue = queue_with_unique_name();
    let error = queue.try_receive(&mut [0; 64]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    let error = creating().exclusive(true).open(queue.name().unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn an_error_is_the_first_of_its_chain() {
    for error in errors() {
        assert!(error.source().is_none());
    }
}

#[test]
fn a_clone_says_the_same() {
    for error in errors() {
        let clone = error.clone();
        assert_eq!(clone.to_string(), error.to_string());
        assert_eq!(clone.raw_os_error(), error.raw_os_error());
    }
}

#[test]
fn closed_is_a_bad_descriptor() {
    let error = Error::closed("mq_send", Some(OsStr::new("/jobs")));
    assert_eq!((error.raw_os_error(), error.call()), (libc::EBADF, "mq_send"));
    let text = "mq_send \"/jobs\": Bad file descriptor: the queue is closed";
    assert_eq!(error.to_string(), text);
    assert_eq!(Error::closed("mq_send", None).name(), None);
}

#[test]
fn plain_error_has_no_special_kind() {
    for error in errors() {
        assert!(!error.is_limit() && !error.is_would_block() && !error.is_interrupted());
    }
}
