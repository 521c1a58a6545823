//! `mqctl create`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use fixture::user::{NOBODY, PublicCopy, own_uid};
use fixture::{UniqueName, args_with_name, mqctl, namespace, run, skip, transcript_of};
use posix_mqueue::{OpenOptions, Status};

#[test]
fn help() {
    run(["create", "--help"]).assert_success().assert_snapshot("create-help");
}

#[test]
fn create_applies_sizes_mode_and_owner() {
    let name = UniqueName::new("jobs");
    let template = format!("create {{}} -m 3 -s 1K --mode u=rw,g=rw,o= --owner {}", own_uid());
    run(args_with_name(&template, &name)).assert_success();
    let status = status(&name);
    assert_eq!((status.attributes.capacity, status.attributes.message_size), (3, 1024));
    assert_eq!(status.mode & 0o7777, 0o660);
    assert_eq!(status.uid, own_uid());
}

#[test]
fn explicit_mode_ignores_the_umask() {
    let script = "umask 077
                  mqctl create /asked --mode 666 --maxmsg 1 --msgsize 1
                  umask 277
                  mqctl create /default --maxmsg 1 --msgsize 1
                  mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("create-umask");
}

#[test]
fn root_can_create_for_another_user() {
    if own_uid() != 0 {
        return skip("only root can give a queue to another user");
    }
    let name = UniqueName::new("jobs");
    let template = format!("create {{}} -m 1 -s 8 --owner {NOBODY} --group {NOBODY} --mode 640");
    run(args_with_name(&template, &name)).assert_success();
    let status = status(&name);
    assert_eq!((status.uid, status.gid, status.mode & 0o7777), (NOBODY, NOBODY, 0o640));
}

#[test]
fn refused_owner_leaves_no_queue() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let arguments = args_with_name("create {} -m 1 -s 8 --owner 0", &name);
    let Some(mut command) = copy.as_nobody(arguments) else { return };
    transcript_of(&mut command).assert_code(7).assert_snapshot("create-owner-refused");
    assert!(!name.exists());
}

#[test]
fn existing_queue_is_refused_and_unchanged() {
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    run(args_with_name("create {} -m 1 -s 8", &name))
        .assert_code(7)
        .assert_snapshot("create-exists");
    run(args_with_name("create {} --exclusive", &name)).assert_code(7);
    run(args_with_name("create {} --exclusive --exist-ok", &name)).assert_code(2);
    assert_eq!(status(&name).attributes.capacity, 4);
}

#[test]
fn exist_ok_accepts_only_a_matching_queue() {
    let name = UniqueName::new("jobs");
    run(args_with_name("create {} -m 4 -s 64 --exist-ok", &name)).assert_success();
    run(args_with_name("create {} -m 4 -s 64 --mode 600 --exist-ok", &name)).assert_success();
    run(args_with_name("create {} --exist-ok", &name)).assert_success();
    run(args_with_name("create {} -m 5 -s 65 --mode 640 --owner 4000000000 --exist-ok", &name))
        .assert_code(7)
        .assert_snapshot_replacing(&[(&owner(), "owner OWNER")], "create-exists-differs");
    assert_eq!(status(&name).mode & 0o7777, 0o600);
}

#[test]
fn invalid_arguments_create_nothing() {
    let name = UniqueName::new("jobs");
    for (arguments, snapshot) in [
        ("create {} --maxmsg 0", "create-maxmsg-0"),
        ("create {} --msgsize 8Q", "create-msgsize-8Q"),
        ("create {} --mode 888", "create-mode-888"),
        ("create {} --owner no-such-user", "create-no-such-user"),
        ("create {} --group no-such-group", "create-no-such-group"),
        ("create {} --maxmgs 7", "create-typo"),
        ("create jobs", "create-no-slash"),
        ("create /a/b", "create-two-slashes"),
    ] {
        run(args_with_name(arguments, &name)).assert_code(2).assert_snapshot(snapshot);
        assert!(!name.exists());
    }
}

#[test]
fn exceeded_limit_has_its_code_and_remedy() {
    let name = UniqueName::new("jobs");
    run(args_with_name("create {} --maxmsg 60000000", &name)).assert_code(8);
    let mut command = Command::new("bash");
    let create = mqctl(args_with_name("create {} -m 10 -s 100", &name));
    command.args(["-c", "ulimit -S -q 1000 && exec \"$@\"", "bash"]);
    command.arg(create.get_program()).args(create.get_args()).arg0("bash");
    let transcript = transcript_of(&mut command).assert_code(8);
    assert!(transcript.stderr.contains("`ulimit -S -q "), "{transcript:?}");
    assert!(!name.exists());
}

fn status(name: &UniqueName) -> Status {
    OpenOptions::new().read(true).open(name).unwrap().status().unwrap()
}

/// The user who runs the tests, as mqctl prints it.
fn owner() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    let name = String::from_utf8(output.stdout).unwrap();
    // A user without a name is printed as a number.
    let name = if output.status.success() { name } else { own_uid().to_string() };
    format!("owner {}", name.trim())
}
