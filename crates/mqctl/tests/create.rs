//! `mqctl create`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use fixture::user::{NOBODY, PublicCopy, own_uid};
use fixture::{UniqueName, line, mqctl, namespace, run, skip, transcript_of};
use posix_mqueue::{OpenOptions, Status};

#[test]
fn help() {
    run(["create", "--help"]).succeeded().is_snapshot("create-help");
}

#[test]
fn sizes_mode_and_owner_are_those_asked_for() {
    let name = UniqueName::new("jobs");
    let line_ = format!("create {{}} -m 3 -s 1K --mode u=rw,g=rw,o= --owner {}", own_uid());
    run(line(&line_, &name)).succeeded();
    let status = status(&name);
    assert_eq!((status.attributes.capacity, status.attributes.message_size), (3, 1024));
    assert_eq!(status.mode & 0o7777, 0o660);
    assert_eq!(status.uid, own_uid());
}

#[test]
fn a_mode_that_is_asked_for_is_not_lessened_by_the_umask() {
    let script = "umask 077
                  mqctl create /asked --mode 666 --maxmsg 1 --msgsize 1
                  umask 277
                  mqctl create /default --maxmsg 1 --msgsize 1
                  mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.succeeded().is_snapshot("create-umask");
}

#[test]
fn root_gives_a_queue_to_somebody() {
    if own_uid() != 0 {
        return skip("only root can give a queue to another user");
    }
    let name = UniqueName::new("jobs");
    let line_ = format!("create {{}} -m 1 -s 8 --owner {NOBODY} --group {NOBODY} --mode 640");
    run(line(&line_, &name)).succeeded();
    let status = status(&name);
    assert_eq!((status.uid, status.gid, status.mode & 0o7777), (NOBODY, NOBODY, 0o640));
}

#[test]
fn nothing_is_left_where_the_owner_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let arguments = line("create {} -m 1 -s 8 --owner 0", &name);
    let Some(mut command) = copy.as_nobody(arguments) else { return };
    transcript_of(&mut command).failed(7).is_snapshot("create-owner-refused");
    assert!(!name.exists());
}

#[test]
fn a_queue_that_exists_is_refused_and_left_as_it_is() {
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    run(line("create {} -m 1 -s 8", &name)).failed(7).is_snapshot("create-exists");
    run(line("create {} --exclusive", &name)).failed(7);
    run(line("create {} --exclusive --exist-ok", &name)).failed(2);
    assert_eq!(status(&name).attributes.capacity, 4);
}

#[test]
fn exist_ok_accepts_what_was_asked_for_and_nothing_else() {
    let name = UniqueName::new("jobs");
    run(line("create {} -m 4 -s 64 --exist-ok", &name)).succeeded();
    run(line("create {} -m 4 -s 64 --mode 600 --exist-ok", &name)).succeeded();
    run(line("create {} --exist-ok", &name)).succeeded();
    run(line("create {} -m 5 -s 65 --mode 640 --owner 4000000000 --exist-ok", &name))
        .failed(7)
        .is_snapshot_but_for(&[(&owner(), "owner OWNER")], "create-exists-otherwise");
    assert_eq!(status(&name).mode & 0o7777, 0o600);
}

#[test]
fn bad_arguments_are_said_before_anything_is_created() {
    let name = UniqueName::new("jobs");
    for (arguments, snapshot) in [
        ("create {} --maxmsg 0", "create-maxmsg-0"),
        ("create {} --msgsize 8Q", "create-msgsize-8Q"),
        ("create {} --mode 888", "create-mode-888"),
        ("create {} --owner no-such-user", "create-no-such-user"),
        ("create {} --group no-such-group", "create-no-such-group"),
        ("create {} --maxmgs 7", "create-misspelt"),
        ("create jobs", "create-without-slash"),
        ("create /a/b", "create-two-slashes"),
    ] {
        run(line(arguments, &name)).failed(2).is_snapshot(snapshot);
        assert!(!name.exists());
    }
}

#[test]
fn a_limit_has_a_code_of_its_own_and_the_command_that_raises_it() {
    let name = UniqueName::new("jobs");
    run(line("create {} --maxmsg 60000000", &name)).failed(8);
    let mut command = Command::new("bash");
    let create = mqctl(line("create {} -m 10 -s 100", &name));
    command.args(["-c", "ulimit -S -q 1000 && exec \"$@\"", "bash"]);
    command.arg(create.get_program()).args(create.get_args()).arg0("bash");
    let transcript = transcript_of(&mut command).failed(8);
    assert!(transcript.stderr.contains("`ulimit -S -q "), "{transcript:?}");
    assert!(!name.exists());
}

fn status(name: &UniqueName) -> Status {
    OpenOptions::new().read(true).open(name).unwrap().status().unwrap()
}

/// Who runs the tests, as the command calls them.
fn owner() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    let name = String::from_utf8(output.stdout).unwrap();
    // A number without a name is said as it is.
    let name = if output.status.success() { name } else { own_uid().to_string() };
    format!("owner {}", name.trim())
}
