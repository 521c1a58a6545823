//! `mqctl man`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::process::Command;

use fixture::user::PublicCopy;
use fixture::{run, skip};

#[test]
fn help() {
    run(["man", "--help"]).succeeded().is_snapshot("man-help");
}

#[test]
fn every_verb_has_a_page() {
    let copy = PublicCopy::new();
    let folder = copy.folder().join("man");
    run(["man".as_ref(), folder.as_os_str()]).succeeded();
    let first = fs::read_to_string(folder.join("mqctl.1")).unwrap();
    assert!(first.contains(".SH EXIT STATUS\nExit codes:\n"), "{first}");
    let verbs = fixture::verbs();
    assert!(verbs.contains(&"ls".to_owned()), "{verbs:?}");
    for verb in &verbs {
        let page = fs::read_to_string(folder.join(format!("mqctl-{verb}.1"))).unwrap();
        assert!(page.contains(&format!("mqctl\\-{verb} \\- ")), "{page}");
        assert!(first.contains(&format!("mqctl\\-{verb}(1)")), "{verb}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1 + verbs.len());
    formatted(&folder.join("mqctl.1"));
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    run(["man", "/proc/no-such-folder"]).failed(1).is_snapshot("man-no-folder");
}

/// That the formatter understands it all.
fn formatted(page: &std::path::Path) {
    let Ok(output) = Command::new("groff").args(["-man", "-ww", "-z"]).arg(page).output() else {
        return skip("no groff");
    };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
