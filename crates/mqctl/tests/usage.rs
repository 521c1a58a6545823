//! Usage errors.

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::run;

#[test]
fn unknown_verb_or_option_suggests_the_nearest() {
    run(["creat", "/jobs"]).assert_code(2).assert_snapshot("usage-unknown-verb");
    run(["ls", "--holder"]).assert_code(2).assert_snapshot("usage-unknown-option");
}

#[test]
fn every_verb_rejects_name_without_slash() {
    for verb in [&["chmod", "600"][..], &["chown", "0"], &["create"], &["info"], &["rm"]] {
        let transcript = run([verb, &["jobs"]].concat()).assert_code(2);
        assert!(transcript.stderr.contains("did you mean /jobs?"), "{transcript:?}");
    }
}

#[test]
fn errors_escape_control_characters_in_names() {
    let transcript = run(["info", "/\u{1b}[2J-no-such-queue"]).assert_code(3);
    assert!(transcript.stderr.contains("\\u{1b}[2J"), "{transcript:?}");
    assert!(!transcript.stderr.contains('\u{1b}'), "{transcript:?}");
}
