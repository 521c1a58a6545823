//! What is written is read, and no cut and no flipped bit is taken for it.

#![allow(clippy::unwrap_used)]

use posix_mqueue::{Message, PRIORITY_MAX};

use super::decoder::{Decoder, Flaw};
use super::encoder::Encoder;
use super::format::Sizes;

const SIZES: Sizes = Sizes { capacity: 3, message_size: 256 };

fn messages() -> Vec<Message> {
    let message = |data: &[u8], priority| Message { data: data.to_vec(), priority };
    let every_byte: Vec<u8> = (0..=255).collect();
    vec![message(&every_byte, PRIORITY_MAX), message(b"", 7), message(b"x", 7), message(b"y", 0)]
}

/// The dump, and where each of its records begins, and the end.
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

/// What is read before the end or a flaw.
fn read(bytes: &[u8]) -> (Vec<Message>, Option<Flaw>) {
    let mut all = Vec::new();
    let mut decoder = match Decoder::new(bytes) {
        Ok(decoder) => decoder,
        Err(flaw) => return (all, Some(flaw)),
    };
    assert_eq!(decoder.sizes(), SIZES);
    loop {
        let mut message = Message::default();
        match decoder.next(&mut message) {
            Ok(true) => all.push(message),
            Ok(false) => return (all, None),
            Err(flaw) => return (all, Some(flaw)),
        }
    }
}

#[test]
fn what_is_written_is_read() {
    let (all, flaw) = read(&dump().0);
    assert!(flaw.is_none(), "{flaw:?}");
    assert_eq!(all, messages());
}

#[test]
fn the_bytes_are_those_of_the_document() {
    let mut encoder = Encoder::default();
    let mut bytes = encoder.header(Sizes { capacity: 10, message_size: 8192 });
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
fn a_dump_that_is_cut_anywhere_is_seen_to_be_and_keeps_what_is_whole() {
    let (bytes, starts) = dump();
    for length in 0..bytes.len() {
        let (all, flaw) = read(&bytes[..length]);
        let flaw = flaw.unwrap();
        assert!(flaw.is_cut(), "{length}: {flaw}");
        assert!(flaw.to_string().ends_with(&format!("after {length} bytes")), "{length}: {flaw}");
        let whole = starts.iter().skip(1).filter(|start| **start <= length).count();
        assert_eq!(all, messages()[..whole], "{length}");
    }
}

#[test]
fn no_byte_can_be_another_and_no_damage_looks_like_a_cut() {
    let (bytes, starts) = dump();
    for place in 0..bytes.len() {
        for flip in 1..=255 {
            let mut damaged = bytes.clone();
            damaged[place] ^= flip;
            let (all, flaw) = read(&damaged);
            let flaw = flaw.unwrap();
            assert!(!flaw.is_cut(), "{place} ^ {flip}: {flaw}");
            let whole = starts.iter().skip(1).filter(|start| **start <= place).count();
            assert_eq!(all, messages()[..whole], "{place} ^ {flip}");
        }
    }
}

#[test]
fn records_cannot_change_places_or_be_left_out() {
    let (bytes, starts) = dump();
    // The last two have the same length.
    let [.., second, third, end] = starts[..] else { unreachable!() };
    assert_eq!(third - second, end - third);
    let (head, tail) = (&bytes[..second], &bytes[end..]);
    let swapped = [head, &bytes[third..end], &bytes[second..third], tail].concat();
    let left_out = [head, &bytes[third..]].concat();
    let twice = [&bytes[..third], &bytes[second..]].concat();
    let longer = [&bytes[..], b"\0"].concat();
    for wrong in [swapped, left_out, twice, longer] {
        assert!(!read(&wrong).1.unwrap().is_cut());
    }
}

#[test]
fn what_is_no_dump_or_of_another_time_is_told_apart() {
    let text = read(b"some text, longer than a header is").1.unwrap();
    assert!(text.to_string().ends_with("this is no dump of mqctl"), "{text}");
    let mut later = dump().0;
    later[11] = 2;
    let later = read(&later).1.unwrap();
    assert!(later.to_string().contains("version 2"), "{later}");
}
