//! `mqctl restore`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;

use fixture::folder::Folder;
use fixture::process::{ended, eventually, is_polling, signal, start};
use fixture::user::PublicCopy;
use fixture::{Transcript, UniqueName, arguments, backlog, fill, hard_messages, mqctl, run};
use fixture::{run_with_input, transcript_of};

/// A file with the hard messages.
fn dump(folder: &Folder) -> String {
    let name = UniqueName::new("restore");
    fill(&name.queue(6, 256), &hard_messages());
    run(arguments("drain", &name, &[&folder.file("dump")])).succeeded();
    folder.file("dump")
}

fn snapshot(transcript: &Transcript, folder: &Folder, name: &str) {
    transcript.is_snapshot_but_for(&[(&folder.shown(), "FOLDER")], name);
}

#[test]
fn help() {
    run(["restore", "--help"]).succeeded().is_snapshot("restore-help");
}

#[test]
fn a_queue_is_made_as_it_was() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let dump = dump(&folder);
    let missing = run(arguments("restore", &name, &[&dump])).failed(3);
    snapshot(&missing, &folder, "restore-not-found");
    run(arguments("restore", &name, &[&dump, "--create"])).succeeded();
    let mut options = posix_mqueue::OpenOptions::new();
    let queue = options.read(true).open(name.as_os_str()).unwrap();
    assert_eq!((queue.capacity(), queue.message_size()), (6, 256));
    assert_eq!(backlog(&queue), hard_messages());
}

#[test]
fn a_damaged_dump_is_refused_whole_with_where() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(6, 256);
    let path = dump(&folder);
    let bytes = fs::read(&path).unwrap();
    let check = |bytes: &[u8], snapshots: &str| {
        fs::write(&path, bytes).unwrap();
        for more in [&[&path[..]][..], &[&path, "--partial"], &[&path, "--create"]] {
            let refused = run(arguments("restore", &name, more)).failed(1);
            if more.len() == 1 {
                snapshot(&refused, &folder, snapshots);
            }
            assert_eq!(queue.attributes().unwrap().messages, 0);
        }
    };
    let mut flipped = bytes.clone();
    flipped[300] ^= 1;
    check(&flipped, "restore-flipped");
    flipped[8..12].copy_from_slice(&7_u32.to_be_bytes());
    check(&flipped, "restore-version");
    check(&[&bytes[..], b"more"].concat(), "restore-goes-on");
    check(b"some text, longer than a header is", "restore-no-dump");
    check(b"", "restore-empty-file");
    run(arguments("restore", &name, &["/dev/zero"])).failed(1).is_snapshot("restore-zeros");
    let folder_itself = run(arguments("restore", &name, &[&folder.shown()])).failed(1);
    snapshot(&folder_itself, &folder, "restore-folder");
    let missing = run(arguments("restore", &name, &[&folder.file("none")])).failed(1);
    snapshot(&missing, &folder, "restore-no-file");
}

#[test]
fn a_cut_dump_is_refused_and_its_whole_messages_taken_when_asked_for() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(6, 256);
    let bytes = fs::read(dump(&folder)).unwrap();
    // In the third record; a pipe, so that what cannot be read twice is tried too.
    let cut = &bytes[..400];
    let refused = run_with_input(arguments("restore", &name, &["-"]), cut).failed(1);
    refused.is_snapshot("restore-cut");
    assert_eq!(queue.attributes().unwrap().messages, 0);
    let taken = run_with_input(arguments("restore", &name, &["-", "--partial"]), cut).failed(0);
    taken.is_snapshot("restore-cut-partial");
    assert_eq!(backlog(&queue), hard_messages()[..2]);
}

#[test]
fn a_message_that_is_too_long_is_refused_before_any_is_sent() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(6, 255);
    let dump = dump(&folder);
    let refused = run(arguments("restore", &name, &[&dump])).failed(1);
    snapshot(&refused, &folder, "restore-too-long");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn a_full_queue_is_waited_for_or_not_and_skip_goes_on() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(4, 256);
    let dump = dump(&folder);
    let full = run(arguments("restore", &name, &[&dump, "--nonblock"])).failed(5);
    snapshot(&full, &folder, "restore-full");
    assert_eq!(backlog(&queue), hard_messages()[..4]);
    run(arguments("restore", &name, &[&dump, "--skip", "4"])).succeeded();
    assert_eq!(backlog(&queue), hard_messages()[4..]);
    let late = run(arguments("restore", &name, &[&dump, "--skip", "1", "--timeout", "10ms"]));
    snapshot(&late.failed(6), &folder, "restore-timed-out");
    assert_eq!(backlog(&queue), hard_messages()[1..5]);
    let beyond = run(arguments("restore", &name, &[&dump, "--skip", "7"])).failed(2);
    snapshot(&beyond, &folder, "restore-skip-too-many");
    run(arguments("restore", &name, &[&dump, "--skip", "6"])).succeeded();
    assert!(backlog(&queue).is_empty());
}

#[test]
fn ctrl_c_ends_the_waiting_and_says_how_many_were_sent() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(4, 256);
    let mut command = mqctl(arguments("restore", &name, &[&dump(&folder)]));
    let child = start(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 4 && is_polling(&child));
    signal(&child, "INT");
    let ended = ended(child, &command).failed(128 + 2);
    snapshot(&ended, &folder, "restore-interrupted");
    assert_eq!(backlog(&queue), hard_messages()[..4]);
}

#[test]
fn a_queue_that_is_removed_meanwhile_ends_the_waiting() {
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(2, 256);
    let mut command = mqctl(arguments("restore", &name, &[&dump(&folder)]));
    let child = start(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 2 && is_polling(&child));
    queue.unlink().unwrap();
    let ended = ended(child, &command).failed(3);
    snapshot(&ended, &folder, "restore-removed");
    assert_eq!(backlog(&queue), hard_messages()[..2]);
}

#[test]
fn a_queue_of_others_is_refused() {
    let copy = PublicCopy::new();
    let (name, folder) = (UniqueName::new("restore"), Folder::new());
    let queue = name.queue(6, 256);
    let dump = dump(&folder);
    let Some(mut restore) = copy.as_nobody(arguments("restore", &name, &[&dump])) else { return };
    snapshot(&transcript_of(&mut restore).failed(7).without_owner(), &folder, "restore-refused");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}
