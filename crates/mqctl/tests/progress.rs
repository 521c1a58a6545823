//! Progress on a terminal

#![allow(clippy::unwrap_used)]

mod fixture;
mod terminal;

use fixture::UniqueName;
use terminal::TestTerminal;

const MQCTL: &str = env!("CARGO_BIN_EXE_mqctl");

#[test]
fn move_shows_progress_and_clears_it() {
    let Some(terminal) = TestTerminal::new(80, 24) else { return };
    let (a, b) = (UniqueName::new("progress"), UniqueName::new("progress"));
    let (from, to) = (a.queue(1, 8), b.queue(1, 8));
    let (from_name, to_name) = (a.as_str(), b.as_str());
    terminal.command(&format!("{MQCTL} move --follow --count 1000000 {from_name} {to_name}"));
    let pass_one = || {
        from.send(b"", 0).unwrap();
        to.receive(&mut [0; 8]).unwrap();
    };
    let line = |screen: &str| screen.contains(" of 1000000 messages forwarded");
    // Progress is updated only after another message.
    terminal.wait_for("the count", |screen| {
        pass_one();
        line(screen)
    });
    terminal.press(&["C-c"]);
    assert_eq!(terminal.code(), 130);
    assert!(!line(&terminal.screen()));
}

#[test]
fn bench_shows_progress_and_clears_it() {
    let Some(terminal) = TestTerminal::new(80, 24) else { return };
    terminal.command(&format!("{MQCTL} bench --size 8 --size 16 --seconds 30"));
    let line = |screen: &str| screen.contains(" of 10 measurements done");
    terminal.wait_for("the count", line);
    terminal.press(&["C-c"]);
    assert_eq!(terminal.code(), 130);
    assert!(!line(&terminal.screen()));
}
