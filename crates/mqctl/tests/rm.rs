//! `mqctl rm`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{UniqueName, line, namespace, run, skip};

#[test]
fn help() {
    run(["rm", "--help"]).succeeded().is_snapshot("rm-help");
}

#[test]
fn many_are_removed_and_those_that_fail_keep_none_of_the_others() {
    let (first, missing, last) =
        (UniqueName::new("a"), UniqueName::new("missing"), UniqueName::new("b"));
    first.queue(1, 8);
    last.queue(1, 8);
    let mut arguments = line("rm {}", &first);
    arguments.extend(line("{}", &missing));
    arguments.extend(line("{}", &last));
    run(arguments).failed(3).is_snapshot("rm-missing");
    assert!(!first.exists() && !last.exists());
}

#[test]
fn a_queue_that_is_to_be_empty_stays_with_its_messages() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(2, 8);
    queue.send(b"one", 3).unwrap();
    run(line("rm --if-empty {}", &name)).failed(7).is_snapshot("rm-not-empty");
    assert_eq!(queue.receive_message().unwrap().data, b"one");
    run(line("rm --if-empty {}", &name)).succeeded();
    assert!(!name.exists());
}

#[test]
fn names_and_all_exclude_each_other_and_one_of_them_is_needed() {
    run(["rm"]).failed(2).is_snapshot("rm-without-names");
    run(["rm", "--all", "/x"]).failed(2).is_snapshot("rm-all-and-names");
}

#[test]
fn all_is_refused_where_nobody_can_be_asked() {
    let script = "mqctl create /jobs -m 1 -s 1; mqctl rm --all; mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    assert!(transcript.text().contains("/jobs"), "{transcript:?}");
    assert!(transcript.stderr.contains("without one it needs --yes"), "{transcript:?}");
}

#[test]
fn all_without_a_question_is_all() {
    let script =
        "mqctl create /a -m 1 -s 1\nmqctl create /b -m 1 -s 1\nmqctl rm --all --yes; mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.succeeded().is_snapshot("rm-all");
}

#[test]
fn all_asks_on_a_terminal_and_does_what_is_answered() {
    if !std::process::Command::new("script")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        return skip("no `script` to make a terminal with");
    }
    for (answer, code, left) in [("n", 1, true), ("y", 0, false)] {
        let script = format!(
            "mqctl create /jobs -m 1 -s 1
             echo {answer} | script -qec \"'$FOLDER/mqctl' rm --all\" /dev/null; echo code $?; mqctl ls"
        );
        let Some(transcript) = namespace::transcript(&script) else { return };
        let text = transcript.text();
        assert!(text.contains("Remove all of them (1)? [y/N]"), "{text}");
        assert!(text.contains(&format!("code {code}\n")), "{text}");
        let (_, list) = text.split_once("NAME").unwrap();
        assert_eq!(list.contains("/jobs"), left, "{text}");
    }
}
