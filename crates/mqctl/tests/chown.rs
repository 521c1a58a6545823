//! `mqctl chown`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::{NOBODY, PublicCopy, own_uid};
use fixture::{UniqueName, line, namespace, run, skip, transcript_of};

#[test]
fn help() {
    run(["chown", "--help"]).succeeded().is_snapshot("chown-help");
}

#[test]
fn what_is_not_said_stays() {
    if own_uid() != 0 {
        return skip("only root can give a queue to another user");
    }
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    for (owner, uid, gid) in
        [("65534", NOBODY, 0), (":65534", NOBODY, NOBODY), ("root", 0, NOBODY), ("1:2", 1, 2)]
    {
        run(line(&format!("chown {owner} {{}}"), &name)).succeeded();
        let status = queue.status().unwrap();
        assert_eq!((status.uid, status.gid), (uid, gid), "{owner}");
    }
}

#[test]
fn who_is_nobody_is_said() {
    run(["chown", "no-such-user", "/jobs"]).failed(2).is_snapshot("chown-no-such-user");
    run(["chown", ":", "/jobs"]).failed(2).is_snapshot("chown-nobody");
}

#[test]
fn a_missing_queue_is_said() {
    let name = UniqueName::new("missing");
    run(line("chown 0 {}", &name)).failed(3).is_snapshot("chown-missing");
}

#[test]
fn to_give_away_the_queue_of_somebody_else_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    let queue = name.queue(1, 8);
    run(line("chmod 644 {}", &name)).succeeded();
    let Some(mut command) = copy.as_nobody(line("chown 65534 {}", &name)) else { return };
    transcript_of(&mut command).failed(7);
    assert_eq!(queue.status().unwrap().uid, 0);
}

#[test]
fn an_owner_who_is_kept_out_gives_it_to_a_group_through_the_directory() {
    let script = "mqctl create /shut --maxmsg 1 --msgsize 8 --owner 65534 --mode 0
                  mount_queues
                  nobody mqctl chown :65534 /shut
                  mqctl info /shut --json | grep -o '\"gid\":[0-9]*'";
    let Some(transcript) = namespace::transcript(script) else { return };
    assert_eq!(transcript.succeeded().text(), "\"gid\":65534\n");
}
