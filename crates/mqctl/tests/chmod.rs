//! `mqctl chmod`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::PublicCopy;
use fixture::{UniqueName, line, namespace, run, transcript_of};

#[test]
fn help() {
    run(["chmod", "--help"]).succeeded().is_snapshot("chmod-help");
}

#[test]
fn a_mode_is_octal_or_in_letters() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    for (change, mode) in [("640", 0o640), ("g+w,u-w", 0o460), ("a=rw", 0o666), ("0", 0)] {
        run(line(&format!("chmod {change} {{}}"), &name)).succeeded();
        assert_eq!(queue.status().unwrap().mode & 0o7777, mode, "{change}");
    }
}

#[test]
fn others_are_changed_though_one_is_missing() {
    let (missing, name) = (UniqueName::new("missing"), UniqueName::new("jobs"));
    let queue = name.queue(1, 8);
    let mut arguments = line("chmod 640 {}", &missing);
    arguments.extend(line("{}", &name));
    run(arguments).failed(3).is_snapshot("chmod-missing");
    assert_eq!(queue.status().unwrap().mode & 0o7777, 0o640);
}

#[test]
fn a_mode_that_means_nothing_is_refused() {
    run(["chmod", "rw-r-----", "/jobs"]).failed(2).is_snapshot("chmod-bad-mode");
}

#[test]
fn the_queue_of_somebody_else_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    run(line("chmod 644 {}", &name)).succeeded();
    let Some(mut command) = copy.as_nobody(line("chmod 666 {}", &name)) else { return };
    let refused = transcript_of(&mut command).failed(7);
    // Its mode is said where the directory is mounted.
    assert!(refused.stderr.contains("not permitted") || refused.stderr.contains("rw-r--r--"));
    assert_eq!(queue.status().unwrap().mode & 0o7777, 0o644);
}

#[test]
fn an_owner_who_is_kept_out_gets_in_through_the_directory() {
    let script = "mqctl create /shut --maxmsg 1 --msgsize 8 --owner 65534 --mode 0
                  nobody mqctl chmod 600 /shut
                  mount_queues
                  nobody mqctl chmod u+r /shut
                  nobody mqctl info /shut | grep mode";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.failed(0).is_snapshot("chmod-shut");
}
