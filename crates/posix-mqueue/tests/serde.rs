//! The plain values in formats for people and for machines.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;

use fixture::queue_with_unique_name;
use posix_mqueue::{
    Attributes, Directory, Entry, Holders, Limits, Message, Notification, QueueName, Status,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::ser::{Formatter, Serializer};

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// A format that does not describe itself, and has bytes.
fn through_postcard<T: Serialize + DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(value).unwrap()).unwrap()
}

fn assert_round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    assert_eq!(through_json(value), *value);
    assert_eq!(through_postcard(value), *value);
}

fn name(bytes: &[u8]) -> QueueName {
    QueueName::new(OsStr::from_bytes(bytes)).unwrap()
}

#[test]
fn kernel_values_round_trip() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    let status: Status = queue.status().unwrap();
    let attributes: Attributes = status.attributes;
    assert_round_trip(&status);
    assert_round_trip(&attributes);
    assert_round_trip::<Limits>(&Limits::read().unwrap());
    assert_eq!(
        serde_json::to_value(attributes).unwrap(),
        json!({"capacity": 4, "message_size": 64, "messages": 1, "nonblocking": false})
    );
}

#[test]
fn directory_values_round_trip() {
    let queue = queue_with_unique_name();
    queue.notify(Notification::Signal { number: 10, value: 0 }).unwrap();
    // Only where there is a directory that can be shown.
    let Ok(directory) = Directory::open() else { return };
    let entry: Entry = directory.read(queue.name().unwrap()).unwrap();
    let holders: Holders = entry.holders().unwrap();
    assert_eq!(holders.found.len(), 1);
    assert_round_trip(&entry);
    assert_round_trip(&holders);
    let details = serde_json::to_value(entry.details.unwrap()).unwrap();
    let pid = std::process::id();
    assert_eq!(details["registration"], json!({"method": {"Signal": {"number": 10}}, "pid": pid}));
}

#[test]
fn name_is_text_in_readable_formats() {
    assert_eq!(serde_json::to_value(name("/jöbs".as_bytes())).unwrap(), json!("/jöbs"));
    assert_eq!(serde_json::to_value(name(b"/\xff")).unwrap(), json!([47, 255]));
    assert_eq!(postcard::to_allocvec(&name(b"/\xff")).unwrap(), b"\x02/\xff");
    assert_eq!(postcard::to_allocvec(&name(b"/x")).unwrap(), b"\x02/x");
}

#[test]
fn a_name_is_checked_as_any_other() {
    for (text, why) in [
        (json!(""), "cannot be empty"),
        (json!("jobs"), "start with a slash"),
        (json!("/jobs/today"), "one slash only"),
        (json!("/a\0b"), "NUL"),
        (json!([47, 0]), "NUL"),
        (json!(format!("/{}", "x".repeat(256))), "255 are allowed"),
        (json!([47, 256]), "256"),
        (json!(7), "the name of a message queue"),
        (json!({"name": "/jobs"}), "the name of a message queue"),
    ] {
        let error = serde_json::from_value::<QueueName>(text.clone()).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
    let error = postcard::from_bytes::<QueueName>(b"\x04jobs").unwrap_err();
    assert_eq!(error, postcard::Error::SerdeDeCustom);
}

/// JSON that tells what it was given as bytes, rather than as a sequence of numbers.
struct TellsBytes;

impl Formatter for TellsBytes {
    fn write_byte_array<W: Write + ?Sized>(&mut self, to: &mut W, bytes: &[u8]) -> io::Result<()> {
        write!(to, "\"{} bytes\"", bytes.len())
    }
}

#[test]
fn message_data_is_bytes_in_binary_formats() {
    let mut written = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut written, TellsBytes);
    Message { data: vec![0xff; 200], priority: 5 }.serialize(&mut serializer).unwrap();
    assert_eq!(written, br#"{"data":"200 bytes","priority":5}"#);
}

#[test]
fn a_message_can_be_written_by_hand() {
    let message = Message { data: b"hello".to_vec(), priority: 3 };
    for data in [json!("hello"), json!([104, 101, 108, 108, 111])] {
        let text = json!({"data": data, "priority": 3}).to_string();
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
    }
    let error = serde_json::from_str::<Message>(r#"{"data": 7, "priority": 3}"#).unwrap_err();
    assert!(error.to_string().contains("the bytes of a message"), "{error}");
}

proptest! {
    #[test]
    fn any_name_survives(rest in proptest::collection::vec(1_u8.., 1..=255)) {
        let bytes = [b"/", rest.as_slice()].concat();
        if let Ok(name) = QueueName::new(OsStr::from_bytes(&bytes)) {
            assert_round_trip(&name);
        }
    }

    #[test]
    fn any_message_survives(data: Vec<u8>, priority: u32) {
        assert_round_trip(&Message { data, priority });
    }
}
