//! `mqctl rm`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{UniqueName, args_with_name, namespace, run, skip};

#[test]
fn help() {
    run(["rm", "--help"]).assert_success().assert_snapshot("rm-help");
}

#[test]
fn rm_removes_others_when_one_fails() {
    let (first, missing, last) =
        (UniqueName::new("a"), UniqueName::new("missing"), UniqueName::new("b"));
    first.queue(1, 8);
    last.queue(1, 8);
    let mut arguments = args_with_name("rm {}", &first);
    arguments.extend(args_with_name("{}", &missing));
    arguments.extend(args_with_name("{}", &last));
    run(arguments).assert_code(3).assert_snapshot("rm-missing");
    assert!(!first.exists() && !last.exists());
}

#[test]
fn if_empty_keeps_queue_with_messages() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(2, 8);
    queue.send(b"one", 3).unwrap();
    run(args_with_name("rm --if-empty {}", &name)).assert_code(7).assert_snapshot("rm-not-empty");
    assert_eq!(queue.receive_message().unwrap().data, b"one");
    run(args_with_name("rm --if-empty {}", &name)).assert_success();
    assert!(!name.exists());
}

#[test]
fn rm_needs_either_names_or_all() {
    run(["rm"]).assert_code(2).assert_snapshot("rm-without-names");
    run(["rm", "--all", "/x"]).assert_code(2).assert_snapshot("rm-all-and-names");
}

#[test]
fn all_without_terminal_needs_yes() {
    let script = "mqctl create /jobs -m 1 -s 1; mqctl rm --all; mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    assert!(transcript.text().contains("/jobs"), "{transcript:?}");
    assert!(transcript.stderr.contains("without a terminal, use --yes"), "{transcript:?}");
}

#[test]
fn all_with_yes_removes_everything() {
    let script =
        "mqctl create /a -m 1 -s 1\nmqctl create /b -m 1 -s 1\nmqctl rm --all --yes; mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("rm-all");
}

#[test]
fn all_asks_on_terminal_and_follows_answer() {
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
             echo {answer} | script -qec \"'$DIR/mqctl' rm --all\" /dev/null; echo code $?; mqctl ls"
        );
        let Some(transcript) = namespace::transcript(&script) else { return };
        let text = transcript.text();
        assert!(text.contains("Remove all of them (1)? [y/N]"), "{text}");
        assert!(text.contains(&format!("code {code}\n")), "{text}");
        let (_, list) = text.split_once("NAME").unwrap();
        assert_eq!(list.contains("/jobs"), left, "{text}");
    }
}
