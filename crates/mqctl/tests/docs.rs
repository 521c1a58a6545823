//! docs/mqctl.md contains the current help of every verb; `make docs` updates it.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::ops::Range;
use std::path::Path;

use fixture::{run, verbs};

#[test]
fn documentation_contains_help_of_every_verb() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mqctl.md");
    let mut text = fs::read_to_string(&path).unwrap();
    text = with_help(&text, "## Exit codes", "");
    for verb in verbs() {
        text = with_help(&text, &format!("### {verb}"), &format!(" {verb}"));
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    let differs = written.lines().zip(text.lines()).find(|(written, now)| written != now);
    assert!(written == text, "docs/mqctl.md is not up to date, run `make docs`: {differs:?}");
}

/// Replaces a verb's help between the markers in its section, or adds it at the section's end.
fn with_help(text: &str, heading: &str, verb: &str) -> String {
    let section = section(text, heading);
    let begin = format!("<!-- mqctl{verb} --help -->\n");
    let end = "<!-- end of help -->\n";
    let help = run(format!("{verb} --help").split_whitespace()).assert_success().text();
    let block = format!("{begin}```text\n$ mqctl{verb} --help\n{help}```\n{end}");
    let body = &text[section.clone()];
    let body = match (body.find(&begin), body.find(end)) {
        (Some(from), Some(to)) => format!("{}{block}{}", &body[..from], &body[to + end.len()..]),
        _ => format!("{}\n\n{block}\n", body.trim_end()),
    };
    format!("{}{body}{}", &text[..section.start], &text[section.end..])
}

/// The range from a heading to the next heading of any level.
fn section(text: &str, heading: &str) -> Range<usize> {
    let line = format!("\n{heading}\n");
    let start = text.find(&line).map(|at| at + 1);
    assert!(start.is_some(), "docs/mqctl.md has no section `{heading}`: write what it is for");
    let start = start.unwrap();
    let rest = &text[start + heading.len()..];
    let end = ["\n# ", "\n## ", "\n### "].iter().filter_map(|next| rest.find(next)).min();
    start..end.map_or(text.len(), |end| start + heading.len() + end + 1)
}
