//! `mqctl top`, in a terminal

#![allow(clippy::unwrap_used)]

mod fixture;
mod terminal;

use std::process::Command;

use fixture::{UniqueName, can_list, namespace, run};
use posix_mqueue::{Directory, Notification};
use terminal::TestTerminal;

const MQCTL: &str = env!("CARGO_BIN_EXE_mqctl");

/// Starts `mqctl top` with a filter and waits for its screen.
fn top(width: u16, height: u16, filter: &str) -> Option<TestTerminal> {
    if !can_list() {
        return None;
    }
    let terminal = TestTerminal::new(width, height)?;
    terminal.command(&format!("{MQCTL} top --interval 100ms --filter {filter}"));
    terminal.wait_for("the table", |screen| screen.contains("NAME") || screen.contains("no queue"));
    assert!(terminal.is_full_screen());
    Some(terminal)
}

fn part(name: &UniqueName) -> String {
    let name: &std::ffi::OsStr = name.as_ref();
    name.to_str().unwrap().to_owned()
}

fn row<'a>(screen: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let line = screen.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().collect())
}

#[test]
fn help() {
    run(["top", "--help"]).assert_success().assert_snapshot("top-help");
}

#[test]
fn top_without_terminal_suggests_alternatives() {
    if can_list() {
        run(["top"]).assert_code(1).assert_snapshot("top-no-terminal");
    }
}

#[test]
fn invalid_arguments_are_rejected() {
    run(["top", "--interval", "1ms"]).assert_code(2).assert_snapshot("top-interval");
    run(["top", "--sort", "color"]).assert_code(2).assert_snapshot("top-sort");
}

#[test]
fn missing_mount_error_has_the_mount_command() {
    let Some(transcript) = namespace::transcript("unprivileged mqctl top") else { return };
    transcript.assert_code(1).assert_snapshot("top-unmounted");
}

#[test]
fn depth_changes_show_at_two_terminal_sizes() {
    let name = UniqueName::new("top-depth");
    let queue = name.queue(4, 16);
    let name = part(&name);
    let Some(terminal) = top(80, 24, &name) else { return };
    terminal.wait_for("an empty queue", |screen| {
        row(screen, &name).is_some_and(|row| row[1..4] == ["0/4", "0", "0"])
    });
    for _ in 0..4 {
        queue.send(b"hello", 0).unwrap();
    }
    let screen = terminal.wait_for("a full queue", |screen| {
        row(screen, &name).is_some_and(|row| row.contains(&"4/4") && row[1] == "████████")
    });
    assert!(screen.contains("≥IN/S") && screen.contains("≥OUT/S") && screen.contains("HISTORY"));
    assert!(screen.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(screen.lines().count(), 24);
    terminal.resize(120, 40);
    let screen = terminal.wait_for("more columns", |screen| {
        screen.contains("BYTES") && row(screen, &name).is_some_and(|row| row[1] == "█".repeat(12))
    });
    assert!(row(&screen, &name).unwrap().contains(&"20"), "{screen}");
    assert!(screen.lines().last().unwrap().starts_with("q quit"));
    posix_mqueue::unlink(&name).unwrap();
    terminal.wait_for("the queue to go", |screen| screen.contains("no queue matches"));
}

#[test]
fn keys_sort_filter_pause_and_show_holders() {
    let (first, second) = (UniqueName::new("top-keys"), UniqueName::new("top-keys"));
    let _kept = (first.queue(1, 8), second.queue(1, 8));
    let Some(terminal) = top(100, 30, "top-keys.") else { return };
    terminal.press(&["?"]);
    terminal.wait_for("the help", |screen| screen.contains("lower bounds"));
    terminal.press(&["x", "/"]);
    for key in part(&second).trim_start_matches("/top-keys").chars() {
        terminal.press(&[&key.to_string()]);
    }
    terminal.press(&["BSpace"]);
    terminal.press(&["Escape"]);
    terminal.wait_for("the former filter", |screen| screen.contains("with \"top-keys.\""));
    terminal.press(&["s", "r"]);
    terminal.wait_for("the order", |screen| screen.contains("DEPTH▲"));
    terminal.press(&["p"]);
    terminal.wait_for("the pause", |screen| screen.contains("PAUSED"));
    terminal.press(&["p", "h"]);
    let me = std::process::id().to_string();
    terminal.wait_for("this process as a holder", |screen| {
        screen.lines().any(|line| line.starts_with("holders ") && line.contains(&me))
    });
    terminal.press(&["q"]);
    assert_eq!(terminal.code(), 0);
    terminal.assert_restored();
}

#[test]
fn top_survives_every_terminal_size() {
    let name = UniqueName::new("top-sizes");
    name.queue(1, 8);
    let Some(terminal) = top(80, 24, &part(&name)) else { return };
    for (width, height) in [(20, 5), (1, 1), (2, 2), (200, 3), (3, 60), (80, 24)] {
        terminal.resize(width, height);
    }
    terminal.wait_for("the full screen", |screen| {
        screen.starts_with("mqctl top") && screen.contains("OWNER") && screen.contains("q quit")
    });
    terminal.press(&["q"]);
    assert_eq!(terminal.code(), 0);
    terminal.assert_restored();
}

#[test]
fn termination_signals_restore_the_terminal() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let Some(terminal) = top(80, 24, "no-such-queue") else { return };
        let kill = ["-s", signal, &terminal.child()];
        assert!(Command::new("kill").args(kill).status().unwrap().success());
        assert_eq!(terminal.code(), code);
        terminal.assert_restored();
    }
}

#[test]
fn ctrl_c_interrupts_top() {
    let Some(terminal) = top(80, 24, "no-such-queue") else { return };
    terminal.press(&["C-c"]);
    assert_eq!(terminal.code(), 130);
    terminal.assert_restored();
}

#[test]
fn suspend_releases_terminal_and_resume_retakes_it() {
    let Some(terminal) = top(80, 24, "no-such-queue") else { return };
    for by_key in [true, false] {
        if by_key {
            terminal.press(&["C-z"]);
        } else {
            let kill = ["-s", "TSTP", &terminal.child()];
            assert!(Command::new("kill").args(kill).status().unwrap().success());
        }
        terminal.wait_for("the shell", |screen| screen.contains("Stopped"));
        terminal.assert_restored();
        terminal.command("clear; fg");
        terminal.wait_for("the table", |screen| {
            screen.starts_with("mqctl top")
                && screen.contains("no queue")
                && terminal.is_full_screen()
        });
    }
    terminal.press(&["q"]);
    assert_eq!(terminal.code(), 0);
    terminal.assert_restored();
}

#[test]
fn watching_keeps_notification_registrations() {
    let name = UniqueName::new("top-notify");
    let queue = name.queue(1, 8);
    queue.notify(Notification::Silent).unwrap();
    let part = part(&name);
    let Some(terminal) = top(120, 24, &part) else { return };
    let me = std::process::id().to_string();
    let is_shown = |screen: &str| {
        row(screen, &part).is_some_and(|row| row.contains(&"silent") && row.contains(&me.as_str()))
    };
    terminal.wait_for("the registration", is_shown);
    terminal.wait_for("later samples", |screen| {
        row(screen, &part).is_some_and(|row| row.last() != Some(&"0s"))
    });
    assert!(is_shown(&terminal.screen()));
    if let Ok(directory) = Directory::open() {
        let entry = directory.read(queue.name().unwrap()).unwrap();
        let registration = entry.details.unwrap().registration.unwrap();
        assert_eq!(registration.pid, Some(std::process::id()));
    }
}

#[test]
fn no_color_disables_color() {
    let name = UniqueName::new("top-color");
    name.queue(1, 8).send(b"", 0).unwrap();
    if !can_list() {
        return;
    }
    for (no_color, has_color) in [("", true), ("1", false)] {
        let Some(terminal) = TestTerminal::new(80, 24) else { return };
        terminal.command(&format!("NO_COLOR={no_color} {MQCTL} top -f {}", part(&name)));
        terminal.wait_for("the bar", |screen| screen.contains('█'));
        let screen = terminal.screen_with_escapes();
        assert_eq!(screen.contains("\x1b[38;5;1m"), has_color, "{screen:?}");
    }
}
