//! `mqctl rm`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{UniqueName, run};

#[test]
fn help() {
    run(["rm", "--help"]).succeeded().is_snapshot("rm-help");
}

#[test]
fn a_queue_is_removed() {
    let name = UniqueName::new("jobs");
    name.queue(1, 8);
    run(["rm".as_ref(), (&name).as_ref()]).succeeded();
    assert!(!name.exists());
}
