//! What the command says before any verb runs.

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::run;

#[test]
fn an_unknown_verb_or_option_suggests_the_nearest() {
    run(["creat", "/jobs"]).failed(2).is_snapshot("usage-creat");
    run(["ls", "--holder"]).failed(2).is_snapshot("usage-holder");
}

#[test]
fn a_name_that_is_none_is_said_by_every_verb() {
    for verb in [&["chmod", "600"][..], &["chown", "0"], &["create"], &["info"], &["rm"]] {
        let transcript = run([verb, &["jobs"]].concat()).failed(2);
        assert!(transcript.stderr.contains("did you mean /jobs?"), "{transcript:?}");
    }
}

#[test]
fn control_characters_in_a_name_do_not_reach_the_terminal_in_an_error() {
    let transcript = run(["info", "/\u{1b}[2J-no-such-queue"]).failed(3);
    assert!(transcript.stderr.contains("\\u{1b}[2J"), "{transcript:?}");
    assert!(!transcript.stderr.contains('\u{1b}'), "{transcript:?}");
}
