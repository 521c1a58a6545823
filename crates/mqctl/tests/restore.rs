//! `mqctl restore`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;

use fixture::process::{eventually, is_polling, send_signal, spawn, wait_for_exit};
use fixture::temp_dir::TempDir;
use fixture::user::PublicCopy;
use fixture::{
    Transcript, UniqueName, edge_case_messages, mqctl, receive_all, run, send_all, verb_args,
};
use fixture::{run_with_input, transcript_of};

/// Writes a dump of the edge case messages.
fn dump(directory: &TempDir) -> String {
    let name = UniqueName::new("restore");
    send_all(&name.queue(6, 256), &edge_case_messages());
    run(verb_args("drain", &name, &[&directory.file("dump")])).assert_success();
    directory.file("dump")
}

fn snapshot(transcript: &Transcript, directory: &TempDir, name: &str) {
    transcript.assert_snapshot_replacing(&[(&directory.shown(), "DIR")], name);
}

#[test]
fn help() {
    run(["restore", "--help"]).assert_success().assert_snapshot("restore-help");
}

#[test]
fn create_restores_the_original_sizes() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let dump = dump(&directory);
    let missing = run(verb_args("restore", &name, &[&dump])).assert_code(3);
    snapshot(&missing, &directory, "restore-not-found");
    run(verb_args("restore", &name, &[&dump, "--create"])).assert_success();
    let mut options = posix_mqueue::OpenOptions::new();
    let queue = options.read(true).open(name.as_os_str()).unwrap();
    assert_eq!((queue.capacity(), queue.message_size()), (6, 256));
    assert_eq!(receive_all(&queue), edge_case_messages());
}

#[test]
fn corrupt_dump_is_refused_with_its_offset() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(6, 256);
    let path = dump(&directory);
    let bytes = fs::read(&path).unwrap();
    let check = |bytes: &[u8], snapshots: &str| {
        fs::write(&path, bytes).unwrap();
        for more in [&[&path[..]][..], &[&path, "--partial"], &[&path, "--create"]] {
            let refused = run(verb_args("restore", &name, more)).assert_code(1);
            if more.len() == 1 {
                snapshot(&refused, &directory, snapshots);
            }
            assert_eq!(queue.attributes().unwrap().messages, 0);
        }
    };
    let mut flipped = bytes.clone();
    flipped[300] ^= 1;
    check(&flipped, "restore-corrupt");
    flipped[8..12].copy_from_slice(&7_u32.to_be_bytes());
    check(&flipped, "restore-version");
    check(&[&bytes[..], b"more"].concat(), "restore-trailing-data");
    check(b"some text, longer than a header is", "restore-not-a-dump");
    check(b"", "restore-empty-file");
    run(verb_args("restore", &name, &["/dev/zero"]))
        .assert_code(1)
        .assert_snapshot("restore-zeros");
    let directory_itself = run(verb_args("restore", &name, &[&directory.shown()])).assert_code(1);
    snapshot(&directory_itself, &directory, "restore-directory");
    let missing = run(verb_args("restore", &name, &[&directory.file("none")])).assert_code(1);
    snapshot(&missing, &directory, "restore-no-file");
}

#[test]
fn truncated_dump_needs_partial() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(6, 256);
    let bytes = fs::read(dump(&directory)).unwrap();
    // Ends within the third message. Standard input is a pipe, which cannot be read twice.
    let truncated = &bytes[..400];
    let refused = run_with_input(verb_args("restore", &name, &["-"]), truncated).assert_code(1);
    refused.assert_snapshot("restore-truncated");
    assert_eq!(queue.attributes().unwrap().messages, 0);
    let partial =
        run_with_input(verb_args("restore", &name, &["-", "--partial"]), truncated).assert_code(0);
    partial.assert_snapshot("restore-truncated-partial");
    assert_eq!(receive_all(&queue), edge_case_messages()[..2]);
}

#[test]
fn too_long_message_is_refused_before_sending() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(6, 255);
    let dump = dump(&directory);
    let refused = run(verb_args("restore", &name, &[&dump])).assert_code(1);
    snapshot(&refused, &directory, "restore-too-long");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn full_queue_stops_and_skip_resumes() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(4, 256);
    let dump = dump(&directory);
    let full = run(verb_args("restore", &name, &[&dump, "--nonblock"])).assert_code(5);
    snapshot(&full, &directory, "restore-full");
    assert_eq!(receive_all(&queue), edge_case_messages()[..4]);
    run(verb_args("restore", &name, &[&dump, "--skip", "4"])).assert_success();
    assert_eq!(receive_all(&queue), edge_case_messages()[4..]);
    let late = run(verb_args("restore", &name, &[&dump, "--skip", "1", "--timeout", "10ms"]));
    snapshot(&late.assert_code(6), &directory, "restore-timed-out");
    assert_eq!(receive_all(&queue), edge_case_messages()[1..5]);
    let beyond = run(verb_args("restore", &name, &[&dump, "--skip", "7"])).assert_code(2);
    snapshot(&beyond, &directory, "restore-skip-too-many");
    run(verb_args("restore", &name, &[&dump, "--skip", "6"])).assert_success();
    assert!(receive_all(&queue).is_empty());
}

#[test]
fn ctrl_c_reports_how_many_were_sent() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(4, 256);
    let mut command = mqctl(verb_args("restore", &name, &[&dump(&directory)]));
    let child = spawn(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 4 && is_polling(&child));
    send_signal(&child, "INT");
    let ended = wait_for_exit(child, &command).assert_code(128 + 2);
    snapshot(&ended, &directory, "restore-interrupted");
    assert_eq!(receive_all(&queue), edge_case_messages()[..4]);
}

#[test]
fn unlinked_queue_ends_the_waiting() {
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(2, 256);
    let mut command = mqctl(verb_args("restore", &name, &[&dump(&directory)]));
    let child = spawn(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 2 && is_polling(&child));
    queue.unlink().unwrap();
    let ended = wait_for_exit(child, &command).assert_code(3);
    snapshot(&ended, &directory, "restore-removed");
    assert_eq!(receive_all(&queue), edge_case_messages()[..2]);
}

#[test]
fn restore_without_permission_is_refused() {
    let copy = PublicCopy::new();
    let (name, directory) = (UniqueName::new("restore"), TempDir::new());
    let queue = name.queue(6, 256);
    let dump = dump(&directory);
    let Some(mut restore) = copy.as_nobody(verb_args("restore", &name, &[&dump])) else { return };
    let refused = transcript_of(&mut restore).assert_code(7).without_owner();
    snapshot(&refused, &directory, "restore-refused");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}
