//! Encoding and decoding, truncation and corruption.

#![allow(clippy::unwrap_used)]

use posix_mqueue::{Message, PRIORITY_MAX};

use super::decoder::{DecodeError, Decoder};
use super::encoder::Encoder;
use super::format::QueueSizes;

const SIZES: QueueSizes = QueueSizes { capacity: 3, message_size: 256 };

fn messages() -> Vec<Message> {
    let message = |data: &[u8], priority| Message { data: data.to_vec(), priority };
    let every_byte: Vec<u8> = (0..=255).collect();
    vec![message(&every_byte, PRIORITY_MAX), message(b"", 7), message(b"x", 7), message(b"y", 0)]
}

/// A dump, and the offsets at which each message and the end start.
fn dump() -> (Vec<u8>, Vec<usize>) {
    let mut encoder = Encoder::default();
    let mut bytes = encoder.header(SIZES);
    let mut starts = vec![bytes.len()];
    for message in messages() {
        bytes.extend(encoder.message(&message));
        starts.push(bytes.len());
    }
    bytes.extend(encoder.end());
    (bytes, starts)
}

/// The messages decoded before the end or an error.
fn read(bytes: &[u8]) -> (Vec<Message>, Option<DecodeError>) {
    let mut all = Vec::new();
    let mut decoder = match Decoder::new(bytes) {
        Ok(decoder) => decoder,
        Err(error) => return (all, Some(error)),
    };
    assert_eq!(decoder.sizes(), SIZES);
    loop {
        let mut message = Message::default();
        match decoder.read_next(&mut message) {
            Ok(true) => all.push(message),
            Ok(false) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

#[test]
fn encoded_messages_are_decoded() {
    let (all, error) = read(&dump().0);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(all, messages());
}

#[test]
fn encoding_matches_the_documented_example() {
    let mut encoder = Encoder::default();
    let mut bytes = encoder.header(QueueSizes { capacity: 10, message_size: 8192 });
    bytes.extend(encoder.message(&Message { data: b"hi".to_vec(), priority: 5 }));
    bytes.extend(encoder.end());
    let document = include_str!("../../../../docs/mqctl-dump-format.md");
    let example = document.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let digits = example.lines().map(|line| line.split('#').next().unwrap());
    let documented: Vec<u8> = digits
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    assert_eq!(bytes, documented);
}

#[test]
fn truncation_anywhere_is_detected_after_complete_messages() {
    let (bytes, starts) = dump();
    for length in 0..bytes.len() {
        let (all, error) = read(&bytes[..length]);
        let error = error.unwrap();
        assert!(error.is_truncated(), "{length}: {error}");
        assert!(error.to_string().ends_with(&format!("after {length} bytes")), "{length}: {error}");
        let complete = starts.iter().skip(1).filter(|start| **start <= length).count();
        assert_eq!(all, messages()[..complete], "{length}");
    }
}

#[test]
fn flipped_bits_are_corruption_and_never_truncation() {
    let (bytes, starts) = dump();
    for offset in 0..bytes.len() {
        for flip in 1..=255 {
            let mut corrupt = bytes.clone();
            corrupt[offset] ^= flip;
            let (all, error) = read(&corrupt);
            let error = error.unwrap();
            assert!(!error.is_truncated(), "{offset} ^ {flip}: {error}");
            let complete = starts.iter().skip(1).filter(|start| **start <= offset).count();
            assert_eq!(all, messages()[..complete], "{offset} ^ {flip}");
        }
    }
}

#[test]
fn reordered_missing_or_repeated_messages_are_detected() {
    let (bytes, starts) = dump();
    // The last two messages have the same encoded length.
    let [.., second, third, end] = starts[..] else { unreachable!() };
    assert_eq!(third - second, end - third);
    let (head, tail) = (&bytes[..second], &bytes[end..]);
    let swapped = [head, &bytes[third..end], &bytes[second..third], tail].concat();
    let left_out = [head, &bytes[third..]].concat();
    let twice = [&bytes[..third], &bytes[second..]].concat();
    let longer = [&bytes[..], b"\0"].concat();
    for wrong in [swapped, left_out, twice, longer] {
        assert!(!read(&wrong).1.unwrap().is_truncated());
    }
}

#[test]
fn other_files_and_versions_are_distinguished() {
    let text = read(b"some text, longer than a header is").1.unwrap();
    assert!(text.to_string().ends_with("this is not a dump of mqctl"), "{text}");
    let mut later = dump().0;
    later[11] = 2;
    let later = read(&later).1.unwrap();
    assert!(later.to_string().contains("version 2"), "{later}");
}
