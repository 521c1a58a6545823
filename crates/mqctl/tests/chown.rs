//! `mqctl chown`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::{NOBODY, PublicCopy, own_uid};
use fixture::{UniqueName, args_with_name, namespace, run, skip, transcript_of};

#[test]
fn help() {
    run(["chown", "--help"]).assert_success().assert_snapshot("chown-help");
}

#[test]
fn omitted_user_or_group_stays() {
    if own_uid() != 0 {
        return skip("only root can give a queue to another user");
    }
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    for (owner, uid, gid) in
        [("65534", NOBODY, 0), (":65534", NOBODY, NOBODY), ("root", 0, NOBODY), ("1:2", 1, 2)]
    {
        run(args_with_name(&format!("chown {owner} {{}}"), &name)).assert_success();
        let status = queue.status().unwrap();
        assert_eq!((status.uid, status.gid), (uid, gid), "{owner}");
    }
}

#[test]
fn unknown_or_empty_owner_is_rejected() {
    run(["chown", "no-such-user", "/jobs"]).assert_code(2).assert_snapshot("chown-no-such-user");
    run(["chown", ":", "/jobs"]).assert_code(2).assert_snapshot("chown-no-owner");
}

#[test]
fn chown_of_missing_queue_fails() {
    let name = UniqueName::new("missing");
    run(args_with_name("chown 0 {}", &name)).assert_code(3).assert_snapshot("chown-missing");
}

#[test]
fn chown_without_permission_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    run(args_with_name("chmod 644 {}", &name)).assert_success();
    let Some(mut command) = copy.as_nobody(args_with_name("chown 65534 {}", &name)) else { return };
    transcript_of(&mut command).assert_code(7);
    assert_eq!(queue.status().unwrap().uid, 0);
}

#[test]
fn locked_out_owner_can_chown_through_the_mount() {
    let script = "mqctl create /shut --maxmsg 1 --msgsize 8 --owner 65534 --mode 0
                  mount_queues
                  nobody mqctl chown :65534 /shut
                  mqctl info /shut --json | grep -o '\"gid\":[0-9]*'";
    let Some(transcript) = namespace::transcript(script) else { return };
    assert_eq!(transcript.assert_success().text(), "\"gid\":65534\n");
}
