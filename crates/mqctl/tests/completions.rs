//! `mqctl completions`, in the shells themselves

#![allow(clippy::unwrap_used)]

mod fixture;

use std::path::Path;
use std::process::Command;

use fixture::{UniqueName, run, skip};
use posix_mqueue::Directory;

#[test]
fn help() {
    run(["completions", "--help"]).assert_success().assert_snapshot("completions-help");
}

#[test]
fn unknown_shell_is_rejected() {
    run(["completions", "tcsh"]).assert_code(2).assert_snapshot("completions-tcsh");
}

/// Runs a script with mqctl in its path and with `$NAME` and `$PREFIX`. Returns None if the shell or
/// the queue directory is missing.
fn complete_in_shell(
    shell: &[&str],
    script: &str,
    name: &UniqueName,
    prefix: &str,
) -> Option<String> {
    if Command::new(shell[0]).arg("--version").output().is_err() {
        skip(&format!("no {}", shell[0]));
        return None;
    }
    if Directory::open().is_err() {
        skip("no queue directory here");
        return None;
    }
    let directory = Path::new(env!("CARGO_BIN_EXE_mqctl")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path =
        std::env::join_paths([directory.into()].into_iter().chain(std::env::split_paths(&path)));
    // The timeout ends a shell that waits forever.
    let mut command = Command::new("timeout");
    command.arg("60").args(shell).arg(script).env("PATH", path.unwrap());
    command.env("NAME", name).env("PREFIX", prefix).env("TERM", "dumb");
    let output = command.output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A new queue and a prefix of its name that no other queue has.
fn queue(label: &str) -> (UniqueName, String) {
    let name = UniqueName::new(label);
    name.queue(1, 8);
    let full_name = name.as_str().to_owned();
    (name, full_name[..full_name.len() - 1].to_owned())
}

const BASH: &str = r#"
source <(mqctl completions bash)
complete -p mqctl
of() {
    COMP_WORDS=(mqctl "$@"); COMP_CWORD=$#; COMP_TYPE=9; COMPREPLY=()
    _clap_complete_mqctl mqctl "${@: -1}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '<%s>' "${COMPREPLY[@]}"; echo
}
of inf
of rm --if
of info "$PREFIX"
of chmod 600 "$PREFIX"
"#;

#[test]
fn bash_completes_verbs_options_and_names() {
    let (name, prefix) = queue("bash");
    let Some(text) = complete_in_shell(&["bash", "--norc", "-c"], BASH, &name, &prefix) else {
        return;
    };
    let full_name = name.as_str();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with("-F _clap_complete_mqctl mqctl"), "{text}");
    let expected = ["<info>", "<--if-empty>", &format!("<{full_name}>"), &format!("<{full_name}>")];
    assert_eq!(lines[1..], expected);
}

#[test]
fn bash_is_not_offered_names_with_spaces() {
    let (name, prefix) = queue("of bash");
    let Some(text) = complete_in_shell(&["bash", "--norc", "-c"], BASH, &name, &prefix) else {
        return;
    };
    assert!(text.contains("<--if-empty>") && !text.contains("of bash"), "{text}");
}

const FISH: &str = r#"
mqctl completions fish | source
complete -C "mqctl inf"
complete -C "mqctl rm --if"
complete -C "mqctl info "(string escape -- $PREFIX)
"#;

#[test]
fn fish_completes_verbs_options_and_names() {
    for label in ["fish", "two fish"] {
        let (name, prefix) = queue(label);
        let Some(text) = complete_in_shell(&["fish", "--no-config", "-c"], FISH, &name, &prefix)
        else {
            return;
        };
        let candidates: Vec<_> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(candidates, ["info", "--if-empty", name.as_str()]);
    }
}

/// zsh completes only on a terminal: types Tab, then Return to run the completed line.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; unset zle_bracketed_paste; autoload -Uz compinit; compinit -u -D'
zpty -w z 'source <(mqctl completions zsh); echo re""ady'
zpty -r z out '*ready*'
zpty -w -n z "mqctl info --js"$'\t'
zpty -r z out '*--json*'
zpty -w -n z "${(q)PREFIX}"$'\t\n'
zpty -r z out '*"msgsize":8*'
print -r -- "$out"
zpty -w z exit
"#;

#[test]
fn zsh_completes_options_and_names() {
    for label in ["zsh", "two zsh"] {
        let (name, prefix) = queue(label);
        let Some(text) = complete_in_shell(&["zsh", "-f", "-c"], ZSH, &name, &prefix) else {
            return;
        };
        let full_name = name.as_str();
        assert!(text.contains(&format!(r#"[{{"name":"{full_name}""#)), "{text}");
    }
}
