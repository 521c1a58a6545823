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

use fixture::folder::Folder;
use fixture::process::{close_reader, eventually, signal, start};
use fixture::user::PublicCopy;
use fixture::{Transcript, UniqueName, arguments, backlog, fill, hard_messages, mqctl, run};
use fixture::{run_with_input, transcript_of};
use posix_mqueue::MessageQueue;

#[test]
fn help() {
    run(["drain", "--help"]).succeeded().is_snapshot("drain-help");
}

#[test]
fn bytes_priorities_and_order_come_back() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(8, 256);
    fill(&queue, &hard_messages());
    run(arguments("drain", &name, &[&folder.file("dump")])).succeeded();
    assert!(backlog(&queue).is_empty());
    assert_eq!(folder.names(), ["dump"]);
    let mode = fs::metadata(folder.file("dump")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    run(arguments("restore", &name, &[&folder.file("dump")])).succeeded();
    assert_eq!(backlog(&queue), hard_messages());
}

#[test]
fn the_same_goes_through_pipes() {
    let name = UniqueName::new("drain");
    let queue = name.queue(8, 256);
    fill(&queue, &hard_messages());
    let dump = run(arguments("drain", &name, &["-"])).succeeded().stdout;
    run_with_input(arguments("restore", &name, &["-"]), &dump).succeeded();
    assert_eq!(backlog(&queue), hard_messages());
}

#[test]
fn an_empty_queue_makes_a_dump_of_nothing() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(1, 8);
    run(arguments("drain", &name, &[&folder.file("dump")])).succeeded();
    run(arguments("restore", &name, &[&folder.file("dump")])).succeeded();
    assert!(backlog(&queue).is_empty());
}

#[test]
fn a_count_leaves_the_rest_where_it_is() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(3, 8);
    fill(&queue, &[(b"high".to_vec(), 2), (b"middle".to_vec(), 1), (b"low".to_vec(), 0)]);
    run(arguments("drain", &name, &[&folder.file("dump"), "--count", "2"])).succeeded();
    assert_eq!(backlog(&queue), [(b"low".to_vec(), 0)]);
}

#[test]
fn no_file_is_overwritten_unasked_and_no_device_ever() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let shown = folder.shown();
    let snapshot = |transcript: Transcript, code, name| {
        transcript.failed(code).is_snapshot_but_for(&[(&shown, "FOLDER")], name);
    };
    fs::write(folder.file("dump"), "precious").unwrap();
    snapshot(run(arguments("drain", &name, &[&folder.file("dump")])), 7, "drain-exists");
    fs::write(folder.file("other.partial"), "all that is left").unwrap();
    let other = run(arguments("drain", &name, &[&folder.file("other"), "--force"]));
    snapshot(other, 7, "drain-partial-exists");
    let device = run(arguments("drain", &name, &["/dev/null", "--force"]));
    snapshot(device, 7, "drain-device");
    let nowhere = run(arguments("drain", &name, &[&folder.file("none/dump")]));
    snapshot(nowhere, 1, "drain-no-folder");
    assert_eq!(fs::read(folder.file("dump")).unwrap(), b"precious");
    assert_eq!(fs::read(folder.file("other.partial")).unwrap(), b"all that is left");
    assert_eq!(queue.attributes().unwrap().messages, 1);
    run(arguments("drain", &name, &[&folder.file("dump"), "--force"])).succeeded();
    run(arguments("restore", &name, &[&folder.file("dump")])).succeeded();
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn what_is_no_queue_makes_no_file() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let missing = run(arguments("drain", &name, &[&folder.file("dump")])).failed(3);
    missing.is_snapshot_but_for(&[(&folder.shown(), "FOLDER")], "drain-not-found");
    assert!(folder.names().is_empty());
    run(arguments("drain", &name, &[])).failed(2).is_snapshot("drain-no-file");
}

#[test]
fn a_dump_is_not_for_a_terminal() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 0).unwrap();
    let line = format!("'{}' drain {} -", env!("CARGO_BIN_EXE_mqctl"), name.as_os_str().display());
    let typed = Command::new("script").args(["-qec", &line, "/dev/null"]).output();
    let Ok(typed) = typed else { return fixture::skip("script(1) is not here") };
    assert_eq!(typed.stdout, b"mqctl: a dump is not for a terminal; name a file for it\r\n");
    assert_eq!(typed.status.code(), Some(2));
    assert_eq!(backlog(&queue).len(), 1);
}

/// Five messages of 400 bytes, of which a file of 1024 bytes has room for two.
fn many(queue: &MessageQueue) -> Vec<(Vec<u8>, u32)> {
    let messages: Vec<_> = (0_u8..5).map(|n| (vec![n; 400], u32::from(9 - n))).collect();
    fill(queue, &messages);
    messages
}

#[test]
fn a_full_disk_puts_the_message_back_and_keeps_the_others() {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(5, 400);
    let messages = many(&queue);
    let path = name.as_os_str().to_str().unwrap();
    // In POSIX it counts blocks of 512 bytes.
    let mut command = Command::new("sh");
    let script = r#"ulimit -f 2; exec "$0" drain "$@""#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_mqctl"), path, &folder.file("dump")]);
    let full = transcript_of(command.stdin(Stdio::null())).failed(1);
    let partial = folder.file("dump.partial");
    assert_eq!(
        full.stderr,
        format!(
            "mqctl: {partial}: File too large; the message in hand was put back into the queue; \
             2 messages taken before, and in {partial}; restore --partial sends what is there\n"
        )
    );
    assert_eq!(backlog(&queue), messages[2..]);
    run(arguments("restore", &name, &[&partial])).failed(1);
    let restored = run(arguments("restore", &name, &[&partial, "--partial"])).failed(0);
    restored.is_snapshot_but_for(&[(&folder.shown(), "FOLDER")], "restore-partial");
    assert_eq!(backlog(&queue), messages[..2]);
}

#[test]
fn a_device_that_is_full_from_the_start_takes_nothing() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = mqctl(arguments("drain", &name, &["-"]));
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(&command, output).failed(1).is_snapshot("drain-full-device");
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn a_reader_that_is_gone_is_told_nothing_and_takes_nothing() {
    let name = UniqueName::new("drain");
    let queue = name.queue(1, 8);
    queue.send(b"kept", 3).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    close_reader(reader, &writer);
    let mut command = mqctl(arguments("drain", &name, &["-"]));
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(&command, output).failed(128 + 13);
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 3)]);
}

#[test]
fn what_another_user_can_neither_write_nor_put_back_is_put_aside() {
    let copy = PublicCopy::new();
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(5, 400);
    let messages = many(&queue);
    let Some(mut drain) = copy.as_nobody(arguments("drain", &name, &["-"])) else { return };
    transcript_of(&mut drain).failed(7).is_snapshot("drain-refused");
    let file = File::from(OwnedFd::from(queue.try_clone().unwrap()));
    file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
    let more = [&folder.file("dump"), "--spill", &folder.file("spill")];
    let Some(command) = copy.as_nobody(arguments("drain", &name, &more)) else { return };
    let mut limited = Command::new("prlimit");
    limited.arg("--fsize=1024").arg("setpriv");
    limited.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    limited.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    let aside = transcript_of(&mut limited).failed(9);
    assert!(aside.stderr.contains(&format!("it is in {}", folder.file("spill"))), "{aside:?}");
    assert_eq!(fs::read(folder.file("spill")).unwrap(), messages[2].0);
    assert_eq!(backlog(&queue), messages[3..]);
    assert_eq!(folder.names(), ["dump.partial", "spill"]);
}

/// So long that it takes a drain longer to write one than the sender to send one.
const LONG: usize = 8000;

/// Sends numbered messages until it is told to stop; gives how many there were.
fn load(queue: MessageQueue, stop: Arc<AtomicBool>) -> JoinHandle<u32> {
    std::thread::spawn(move || {
        let (mut number, mut message) = (0_u32, [7; LONG]);
        while !stop.load(Ordering::SeqCst) {
            message[..4].copy_from_slice(&number.to_be_bytes());
            if queue.try_send(&message, 4).is_ok() {
                number += 1;
            }
        }
        number
    })
}

fn numbers(queue: &MessageQueue) -> Vec<u32> {
    let number = |(data, priority): (Vec<u8>, u32)| {
        let (number, rest) = data.split_at(4);
        assert_eq!((rest, priority), (&[7; LONG - 4][..], 4));
        u32::from_be_bytes(number.try_into().unwrap())
    };
    backlog(queue).into_iter().map(number).collect()
}

/// Where numbered messages were found after a drain was ended from outside.
struct Account {
    /// Whether it had not ended by itself before.
    hit: bool,
    sent: u32,
    in_file: Vec<u32>,
    in_queue: Vec<u32>,
}

/// Ends a drain under load, when its file has so many bytes.
fn ended_by(end: &str, bytes: u64) -> Account {
    let (name, folder) = (UniqueName::new("drain"), Folder::new());
    let queue = name.queue(10, LONG);
    let stop = Arc::new(AtomicBool::new(false));
    let sender = load(queue.try_clone().unwrap(), Arc::clone(&stop));
    eventually(|| queue.attributes().unwrap().messages > 5);
    let (dump, partial) = (folder.file("dump"), folder.file("dump.partial"));
    let mut child = start(&mut mqctl(arguments("drain", &name, &[&dump])));
    let mut running = true;
    while running && fs::metadata(&partial).map_or(0, |file| file.len()) < bytes {
        running = child.try_wait().unwrap().is_none();
    }
    match end {
        // At once, where a program that does it would come late.
        "KILL" => child.kill().unwrap(),
        _ if running => signal(&child, end),
        _ => {}
    }
    let hit = !child.wait().unwrap().success();
    stop.store(true, Ordering::SeqCst);
    let sent = sender.join().unwrap();
    let in_queue = numbers(&queue);
    // What ends it behind its last step finds a whole file.
    let file = if end == "KILL" && folder.names() == ["dump.partial"] { partial } else { dump };
    // As many as there are, through a queue that is emptied meanwhile.
    let mut restore = start(&mut mqctl(arguments("restore", &name, &[&file, "--partial"])));
    let mut in_file = Vec::new();
    loop {
        let over = restore.try_wait().unwrap().is_some();
        in_file.extend(numbers(&queue));
        if over {
            break;
        }
    }
    assert!(restore.wait().unwrap().success());
    Account { hit, sent, in_file, in_queue }
}

/// How many rounds hit a drain that was running, of as many as are needed for some, within bounds.
fn rounds(mut round: impl FnMut(u64) -> bool) {
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
fn a_kill_at_any_moment_loses_no_message_but_the_one_in_hand() {
    rounds(|round| {
        let Account { hit, sent, in_file, in_queue } = ended_by("KILL", 24 + round * 131);
        let found: Vec<u32> = in_file.iter().chain(&in_queue).copied().collect();
        let lost: Vec<u32> = (0..sent).filter(|number| !found.contains(number)).collect();
        // In order, each once.
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
        assert!(lost.is_empty() || (hit && lost.len() == 1), "{sent} sent, {lost:?} lost");
        if let [lost] = lost[..] {
            assert_eq!(u32::try_from(in_file.len()).unwrap(), lost, "not the one in hand");
        }
        hit
    });
}

#[test]
fn a_signal_at_any_moment_loses_nothing_and_leaves_a_whole_file() {
    rounds(|round| {
        let end = if round % 2 == 0 { "INT" } else { "TERM" };
        let Account { hit, sent, in_file, in_queue } = ended_by(end, 24 + round * 131);
        let found: Vec<u32> = in_file.into_iter().chain(in_queue).collect();
        assert_eq!(found, (0..sent).collect::<Vec<_>>());
        hit
    });
}
