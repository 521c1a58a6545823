//! How far it has come, on a line of standard error that goes again, if that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};

/// Nothing where nobody looks.
#[derive(Debug)]
pub(super) struct Progress {
    done: u32,
    all: u32,
    is_seen: bool,
}

impl Progress {
    pub(super) fn new(all: u32) -> Self {
        Self { done: 0, all, is_seen: io::stderr().is_terminal() }
    }

    /// Another part begins.
    pub(super) fn step(&mut self) {
        let percent = u64::from(self.done) * 100 / u64::from(self.all.max(1));
        self.say(&format!("measuring: {percent} %"));
        self.done += 1;
    }

    /// In place of what was said before. That it cannot be said stops nothing.
    fn say(&self, text: &str) {
        if self.is_seen {
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("");
    }
}
