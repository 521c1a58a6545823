//! Which names a queue can have, and what is said of the others.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use fixture::{UniqueName, creating};
use posix_mqueue::{OpenOptions, QueueName};

const BAD: [(&[u8], i32, &str); 12] = [
    (b"", libc::EINVAL, "a queue name cannot be empty"),
    (b"jobs", libc::EINVAL, "a queue name must start with a slash, as in \"/jobs\""),
    (b"jobs/", libc::EINVAL, "a queue name must start with a slash, as in \"/jobs\""),
    (b"\0", libc::EINVAL, "a queue name must start with a slash, as in \"/jobs\""),
    (b"/", libc::ENOENT, "a queue name needs something after the slash"),
    (b"/.", libc::EACCES, "\"/.\" and \"/..\" name no queue"),
    (b"/..", libc::EACCES, "\"/.\" and \"/..\" name no queue"),
    (b"//", libc::EACCES, "a queue name has one slash only, the first byte"),
    (b"/a/b", libc::EACCES, "a queue name has one slash only, the first byte"),
    (b"/a/", libc::EACCES, "a queue name has one slash only, the first byte"),
    (b"/a\0b", libc::EINVAL, "a queue name cannot hold a NUL byte"),
    (b"/a\0", libc::EINVAL, "a queue name cannot hold a NUL byte"),
];

#[test]
fn invalid_names_have_errno_and_explanation() {
    for (name, errno, sentence) in BAD {
        let name = OsStr::from_bytes(name);
        let error = QueueName::new(name).unwrap_err();
        assert_eq!(
            (error.raw_os_error(), error.explanation(), error.name()),
            (errno, Some(sentence), Some(name)),
        );
    }
}

#[test]
fn open_and_unlink_report_their_own_call() {
    for (name, errno, sentence) in BAD {
        let name = OsStr::from_bytes(name);
        let open = creating().open(name).unwrap_err();
        let unlink = posix_mqueue::unlink(name).unwrap_err();
        assert_eq!((open.call(), unlink.call()), ("mq_open", "mq_unlink"));
        for error in [open, unlink] {
            assert_eq!((error.raw_os_error(), error.explanation()), (errno, Some(sentence)));
        }
    }
}

#[test]
fn name_of_255_bytes_is_valid() {
    let name = UniqueName::padded_to(255);
    assert_eq!(name.as_os_str().len(), 256);
    let queue = creating().open(&name).unwrap();
    assert_eq!(queue.name().unwrap().as_os_str(), name.as_os_str());
    queue.unlink().unwrap();
}

#[test]
fn name_of_256_bytes_is_too_long() {
    let error = creating().open(&UniqueName::padded_to(256)).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::ENAMETOOLONG);
    assert_eq!(error.explanation(), Some("256 bytes after the slash, 255 are allowed"));
}

#[test]
fn a_name_is_bytes_not_text() {
    for end in [&b"\xff\xfe"[..], b" ", b"\n", b"\x01", b"\\", b"...", "\u{e9}".as_bytes()] {
        let name = UniqueName::ending_in(OsStr::from_bytes(end));
        let queue = creating().open(&name).unwrap();
        assert_eq!(queue.name().unwrap().as_os_str(), name.as_os_str());
        OpenOptions::new().read(true).open(queue.name().unwrap()).unwrap();
        posix_mqueue::unlink(queue.name().unwrap()).unwrap();
    }
}

#[test]
fn three_dots_are_a_name() {
    assert_eq!(QueueName::new("/...").unwrap().as_os_str(), "/...");
}

#[test]
fn a_name_shows_its_odd_bytes_escaped() {
    let name = QueueName::new(OsStr::from_bytes(b"/a\n\xff")).unwrap();
    assert_eq!(format!("{name:?}"), r#""/a\n\xFF""#);
}

#[test]
fn names_compare_by_their_bytes() {
    let name = |text| QueueName::new(text).unwrap();
    assert_eq!(name("/a"), name("/a"));
    assert!(name("/a") < name("/b"));
}

#[test]
fn name_longer_than_a_path_is_too_long() {
    let name = format!("/a/{}", "x".repeat(4996));
    assert_eq!(QueueName::new(&name).unwrap_err().raw_os_error(), libc::ENAMETOOLONG);
    let name = format!("/a/{}", "x".repeat(4000));
    assert_eq!(QueueName::new(&name).unwrap_err().raw_os_error(), libc::EACCES);
}
