//! `mqctl man`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::process::Command;

use fixture::user::PublicCopy;
use fixture::{run, skip};

#[test]
fn help() {
    run(["man", "--help"]).assert_success().assert_snapshot("man-help");
}

#[test]
fn every_verb_has_a_page() {
    let copy = PublicCopy::new();
    let directory = copy.directory().join("man");
    run(["man".as_ref(), directory.as_os_str()]).assert_success();
    let first = fs::read_to_string(directory.join("mqctl.1")).unwrap();
    assert!(first.contains(".SH EXIT STATUS\nExit codes:\n"), "{first}");
    let verbs = fixture::verbs();
    assert!(verbs.contains(&"ls".to_owned()), "{verbs:?}");
    for verb in &verbs {
        let page = fs::read_to_string(directory.join(format!("mqctl-{verb}.1"))).unwrap();
        assert!(page.contains(&format!("mqctl\\-{verb} \\- ")), "{page}");
        assert!(first.contains(&format!("mqctl\\-{verb}(1)")), "{verb}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1 + verbs.len());
    assert_groff_accepts(&directory.join("mqctl.1"));
}

#[test]
fn uncreatable_directory_is_reported() {
    run(["man", "/proc/no-such-directory"]).assert_code(1).assert_snapshot("man-no-directory");
}

/// Asserts that groff formats the page without warnings.
fn assert_groff_accepts(page: &std::path::Path) {
    let Ok(output) = Command::new("groff").args(["-man", "-ww", "-z"]).arg(page).output() else {
        return skip("no groff");
    };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
