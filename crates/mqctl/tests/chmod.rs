//! `mqctl chmod`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::PublicCopy;
use fixture::{UniqueName, args_with_name, namespace, run, transcript_of};

#[test]
fn help() {
    run(["chmod", "--help"]).assert_success().assert_snapshot("chmod-help");
}

#[test]
fn chmod_accepts_octal_and_symbolic_modes() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    for (change, mode) in [("640", 0o640), ("g+w,u-w", 0o460), ("a=rw", 0o666), ("0", 0)] {
        run(args_with_name(&format!("chmod {change} {{}}"), &name)).assert_success();
        assert_eq!(queue.status().unwrap().mode & 0o7777, mode, "{change}");
    }
}

#[test]
fn chmod_changes_others_when_one_is_missing() {
    let (missing, name) = (UniqueName::new("missing"), UniqueName::new("jobs"));
    let queue = name.queue(1, 8);
    let mut arguments = args_with_name("chmod 640 {}", &missing);
    arguments.extend(args_with_name("{}", &name));
    run(arguments).assert_code(3).assert_snapshot("chmod-missing");
    assert_eq!(queue.status().unwrap().mode & 0o7777, 0o640);
}

#[test]
fn invalid_mode_is_rejected() {
    run(["chmod", "rw-r-----", "/jobs"]).assert_code(2).assert_snapshot("chmod-bad-mode");
}

#[test]
fn chmod_without_permission_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    run(args_with_name("chmod 644 {}", &name)).assert_success();
    let Some(mut command) = copy.as_nobody(args_with_name("chmod 666 {}", &name)) else { return };
    let refused = transcript_of(&mut command).assert_code(7);
    // The error has the mode if the directory is mounted.
    assert!(refused.stderr.contains("not permitted") || refused.stderr.contains("rw-r--r--"));
    assert_eq!(queue.status().unwrap().mode & 0o7777, 0o644);
}

#[test]
fn locked_out_owner_can_chmod_through_the_mount() {
    let script = "mqctl create /shut --maxmsg 1 --msgsize 8 --owner 65534 --mode 0
                  nobody mqctl chmod 600 /shut
                  mount_queues
                  nobody mqctl chmod u+r /shut
                  nobody mqctl info /shut | grep mode";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_code(0).assert_snapshot("chmod-locked-out");
}
