//! `mqctl drain`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use fixture::process::{close_reader, eventually, send_signal, spawn};
use fixture::temp_dir::TempDir;
use fixture::user::PublicCopy;
use fixture::{
    Transcript, UniqueName, edge_case_messages, mqctl, receive_all, run, send_all, verb_args,
};
use fixture::{run_with_input, transcript_of};
use posix_mqueue::MessageQueue;

#[test]
fn help() {
    run(["drain", "--help"]).assert_success().assert_snapshot("drain-help");
}

#[test]
fn restore_recovers_bytes_priorities_and_order() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(8, 256);
    send_all(&queue, &edge_case_messages());
    run(verb_args("drain", &name, &[&directory.file("dump")])).assert_success();
    assert!(receive_all(&queue).is_empty());
    assert_eq!(directory.names(), ["dump"]);
    let mode = fs::metadata(directory.file("dump")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    run(verb_args("restore", &name, &[&directory.file("dump")])).assert_success();
    assert_eq!(receive_all(&queue), edge_case_messages());
}

#[test]
fn dump_through_pipes_is_restored() {
    let name = UniqueName::new("drain");
    let queue = name.queue(8, 256);
    send_all(&queue, &edge_case_messages());
    let dump = run(verb_args("drain", &name, &["-"])).assert_success().stdout;
    run_with_input(verb_args("restore", &name, &["-"]), &dump).assert_success();
    assert_eq!(receive_all(&queue), edge_case_messages());
}

#[test]
fn empty_queue_makes_an_empty_dump() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(1, 8);
    run(verb_args("drain", &name, &[&directory.file("dump")])).assert_success();
    run(verb_args("restore", &name, &[&directory.file("dump")])).assert_success();
    assert!(receive_all(&queue).is_empty());
}

#[test]
fn count_leaves_the_rest_in_the_queue() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(3, 8);
    send_all(&queue, &[(b"high".to_vec(), 2), (b"middle".to_vec(), 1), (b"low".to_vec(), 0)]);
    run(verb_args("drain", &name, &[&directory.file("dump"), "--count", "2"])).assert_success();
    assert_eq!(receive_all(&queue), [(b"low".to_vec(), 0)]);
}

#[test]
fn drain_refuses_to_overwrite_without_force() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let shown = directory.shown();
    let snapshot = |transcript: Transcript, code, name| {
        transcript.assert_code(code).assert_snapshot_replacing(&[(&shown, "DIR")], name);
    };
    fs::write(directory.file("dump"), "precious").unwrap();
    snapshot(run(verb_args("drain", &name, &[&directory.file("dump")])), 7, "drain-exists");
    fs::write(directory.file("other.partial"), "all that is left").unwrap();
    let other = run(verb_args("drain", &name, &[&directory.file("other"), "--force"]));
    snapshot(other, 7, "drain-partial-exists");
    let device = run(verb_args("drain", &name, &["/dev/null", "--force"]));
    snapshot(device, 7, "drain-device");
    let nowhere = run(verb_args("drain", &name, &[&directory.file("none/dump")]));
    snapshot(nowhere, 1, "drain-no-directory");
    assert_eq!(fs::read(directory.file("dump")).unwrap(), b"precious");
    assert_eq!(fs::read(directory.file("other.partial")).unwrap(), b"all that is left");
    assert_eq!(queue.attributes().unwrap().messages, 1);
    run(verb_args("drain", &name, &[&directory.file("dump"), "--force"])).assert_success();
    run(verb_args("restore", &name, &[&directory.file("dump")])).assert_success();
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn missing_queue_makes_no_file() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let missing = run(verb_args("drain", &name, &[&directory.file("dump")])).assert_code(3);
    missing.assert_snapshot_replacing(&[(&directory.shown(), "DIR")], "drain-not-found");
    assert!(directory.names().is_empty());
    run(verb_args("drain", &name, &[])).assert_code(2).assert_snapshot("drain-no-file");
}

#[test]
fn drain_refuses_to_write_to_terminal() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 0).unwrap();
    let line = format!("'{}' drain {} -", env!("CARGO_BIN_EXE_mqctl"), name.as_os_str().display());
    let typed = Command::new("script").args(["-qec", &line, "/dev/null"]).output();
    let Ok(typed) = typed else { return fixture::skip("script(1) is not here") };
    assert_eq!(typed.stdout, b"mqctl: refusing to write a dump to a terminal; name a file\r\n");
    assert_eq!(typed.status.code(), Some(2));
    assert_eq!(receive_all(&queue).len(), 1);
}

/// Sends five messages of 400 bytes; a file of 1024 bytes has room for two of them.
fn send_five(queue: &MessageQueue) -> Vec<(Vec<u8>, u32)> {
    let messages: Vec<_> = (0_u8..5).map(|n| (vec![n; 400], u32::from(9 - n))).collect();
    send_all(queue, &messages);
    messages
}

#[test]
fn full_disk_requeues_message_and_keeps_others() {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(5, 400);
    let messages = send_five(&queue);
    let path = name.as_os_str().to_str().unwrap();
    // POSIX `ulimit -f` counts blocks of 512 bytes.
    let mut command = Command::new("sh");
    let script = r#"ulimit -f 2; exec "$0" drain "$@""#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_mqctl"), path, &directory.file("dump")]);
    let full = transcript_of(command.stdin(Stdio::null())).assert_code(1);
    let partial = directory.file("dump.partial");
    assert_eq!(
        full.stderr,
        format!(
            "mqctl: {partial}: File too large; the message was requeued; \
             2 messages saved in {partial}; use restore --partial to send them\n"
        )
    );
    assert_eq!(receive_all(&queue), messages[2..]);
    run(verb_args("restore", &name, &[&partial])).assert_code(1);
    let restored = run(verb_args("restore", &name, &[&partial, "--partial"])).assert_code(0);
    restored.assert_snapshot_replacing(&[(&directory.shown(), "DIR")], "restore-partial");
    assert_eq!(receive_all(&queue), messages[..2]);
}

#[test]
fn full_device_receives_nothing() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = mqctl(verb_args("drain", &name, &["-"]));
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(&command, output).assert_code(1).assert_snapshot("drain-full-device");
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn closed_pipe_exits_quietly_without_receiving() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    close_reader(reader, &writer);
    let mut command = mqctl(verb_args("drain", &name, &["-"]));
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(&command, output).assert_code(128 + 13);
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn unrequeueable_message_is_written_to_rescue_file() {
    let copy = PublicCopy::new();
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(5, 400);
    let messages = send_five(&queue);
    let Some(mut drain) = copy.as_nobody(verb_args("drain", &name, &["-"])) else { return };
    transcript_of(&mut drain).assert_code(7).without_owner().assert_snapshot("drain-refused");
    let file = File::from(OwnedFd::from(queue.try_clone().unwrap()));
    file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
    let more = [&directory.file("dump"), "--rescue-file", &directory.file("rescued")];
    let Some(command) = copy.as_nobody(verb_args("drain", &name, &more)) else { return };
    let mut limited = Command::new("prlimit");
    limited.arg("--fsize=1024").arg("setpriv");
    limited.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    limited.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    let rescued = transcript_of(&mut limited).assert_code(9);
    assert!(
        rescued.stderr.contains(&format!("it was saved in {}", directory.file("rescued"))),
        "{rescued:?}"
    );
    assert_eq!(fs::read(directory.file("rescued")).unwrap(), messages[2].0);
    assert_eq!(receive_all(&queue), messages[3..]);
    assert_eq!(directory.names(), ["dump.partial", "rescued"]);
}

/// Long enough that a drain takes longer to write a message than the sender takes to send one.
const MESSAGE_LEN: usize = 8000;

/// Sends numbered messages until `stop` is set, and returns their number.
fn spawn_sender(queue: MessageQueue, stop: Arc<AtomicBool>) -> JoinHandle<u32> {
    std::thread::spawn(move || {
        let (mut number, mut message) = (0_u32, [7; MESSAGE_LEN]);
        while !stop.load(Ordering::SeqCst) {
            message[..4].copy_from_slice(&number.to_be_bytes());
            if queue.try_send(&message, 4).is_ok() {
                number += 1;
            }
        }
        number
    })
}

fn receive_numbers(queue: &MessageQueue) -> Vec<u32> {
    let number = |(data, priority): (Vec<u8>, u32)| {
        let (number, rest) = data.split_at(4);
        assert_eq!((rest, priority), (&[7; MESSAGE_LEN - 4][..], 4));
        u32::from_be_bytes(number.try_into().unwrap())
    };
    receive_all(queue).into_iter().map(number).collect()
}

/// Where the numbered messages are after a drain was interrupted.
struct DrainOutcome {
    /// Whether the signal reached the drain before it ended by itself.
    hit: bool,
    sent: u32,
    in_file: Vec<u32>,
    in_queue: Vec<u32>,
}

/// Ends a drain under load once its file has `bytes` bytes.
fn interrupt_drain(end: &str, bytes: u64) -> DrainOutcome {
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(10, MESSAGE_LEN);
    let stop = Arc::new(AtomicBool::new(false));
    let sender = spawn_sender(queue.try_clone().unwrap(), Arc::clone(&stop));
    eventually(|| queue.attributes().unwrap().messages > 5);
    let (dump, partial) = (directory.file("dump"), directory.file("dump.partial"));
    let mut child = spawn(&mut mqctl(verb_args("drain", &name, &[&dump])));
    let mut running = true;
    while running && fs::metadata(&partial).map_or(0, |file| file.len()) < bytes {
        running = child.try_wait().unwrap().is_none();
    }
    match end {
        // kill(1) would take too long.
        "KILL" => child.kill().unwrap(),
        _ if running => send_signal(&child, end),
        _ => {}
    }
    let hit = !child.wait().unwrap().success();
    stop.store(true, Ordering::SeqCst);
    let sent = sender.join().unwrap();
    let in_queue = receive_numbers(&queue);
    // A kill after the last step leaves a complete file.
    let file = if end == "KILL" && directory.names() == ["dump.partial"] { partial } else { dump };
    // Restore through the small queue while emptying it.
    let mut restore = spawn(&mut mqctl(verb_args("restore", &name, &[&file, "--partial"])));
    let mut in_file = Vec::new();
    loop {
        let over = restore.try_wait().unwrap().is_some();
        in_file.extend(receive_numbers(&queue));
        if over {
            break;
        }
    }
    assert!(restore.wait().unwrap().success());
    DrainOutcome { hit, sent, in_file, in_queue }
}

/// Repeats a round until 12 rounds have hit a running drain, at most 60 times.
fn repeat_until_hit(mut round: impl FnMut(u64) -> bool) {
    let mut hits = 0;
    for number in 0..60 {
        if round(number) {
            hits += 1;
        }
        if hits == 12 {
            return;
        }
    }
    fixture::skip(&format!("the drain was quicker in all but {hits} of 60 rounds"));
}

#[test]
fn kill_loses_at_most_the_in_flight_message() {
    repeat_until_hit(|round| {
        let DrainOutcome { hit, sent, in_file, in_queue } =
            interrupt_drain("KILL", 24 + round * 131);
        let found: Vec<u32> = in_file.iter().chain(&in_queue).copied().collect();
        let lost: Vec<u32> = (0..sent).filter(|number| !found.contains(number)).collect();
        // Each message once, in order.
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
        assert!(lost.is_empty() || (hit && lost.len() == 1), "{sent} sent, {lost:?} lost");
        if let [lost] = lost[..] {
            assert_eq!(u32::try_from(in_file.len()).unwrap(), lost, "not the in-flight message");
        }
        hit
    });
}

#[test]
fn signal_loses_nothing_and_completes_the_file() {
    repeat_until_hit(|round| {
        let end = if round % 2 == 0 { "INT" } else { "TERM" };
        let DrainOutcome { hit, sent, in_file, in_queue } = interrupt_drain(end, 24 + round * 131);
        let found: Vec<u32> = in_file.into_iter().chain(in_queue).collect();
        assert_eq!(found, (0..sent).collect::<Vec<_>>());
        hit
    });
}
