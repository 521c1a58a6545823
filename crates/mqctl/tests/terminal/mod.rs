//! A terminal for tests: a shell in tmux that receives keys and shows its screen.

// Not every test crate uses all of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit for an expected screen; reached only on failure.
const SCREEN_TIMEOUT: Duration = Duration::from_secs(60);

/// A tmux server with one pane that runs `sh`. Dropping it kills the server and its processes.
#[derive(Debug)]
pub(crate) struct TestTerminal {
    socket: String,
}

impl TestTerminal {
    /// Returns None and reports a skipped test if there is no tmux.
    pub(crate) fn new(width: u16, height: u16) -> Option<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let mut probe = Command::new("tmux");
        if !probe.arg("-V").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
            skip("no tmux here");
            return None;
        }
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { socket: format!("mqctl-test-{}-{number}", std::process::id()) };
        let (width, height) = (width.to_string(), height.to_string());
        let shell = "exec env -u NO_COLOR -u ENV PS1='$ ' LC_ALL=C.UTF-8 sh";
        terminal.tmux(["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, shell]);
        terminal.wait_for("the prompt", |screen| screen.trim_end() == "$");
        Some(terminal)
    }

    fn tmux<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let mut command = Command::new("tmux");
        // Use UTF-8 regardless of the environment.
        command.args(["-u", "-L", &self.socket]).args(arguments).env_remove("TMUX");
        let output = command.output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }

    /// Types keys, by tmux's names: `Enter`, `C-z`, `j`.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux(["send-keys"].iter().chain(keys));
    }

    /// Types a line for the shell.
    pub(crate) fn command(&self, line: &str) {
        self.tmux(["send-keys", "-l", line]);
        self.press(&["Enter"]);
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.tmux(["resize-window", "-x", &width, "-y", &height]);
    }

    /// Returns the screen without trailing spaces.
    pub(crate) fn screen(&self) -> String {
        self.tmux(["capture-pane", "-p"])
    }

    /// Returns the screen with its escape sequences for color.
    pub(crate) fn screen_with_escapes(&self) -> String {
        self.tmux(["capture-pane", "-p", "-e"])
    }

    /// Waits until the screen meets the condition, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if condition(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < SCREEN_TIMEOUT, "waited for {what}; the screen is\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the id of the process that the shell runs.
    #[track_caller]
    pub(crate) fn child(&self) -> String {
        let shell = self.tmux(["display-message", "-p", "#{pane_pid}"]);
        let children = format!("/proc/{0}/task/{0}/children", shell.trim());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let child = children.split_whitespace().next().unwrap_or_default();
        assert!(!child.is_empty(), "the shell runs nothing");
        child.to_owned()
    }

    /// Waits for the shell's prompt and returns the exit code of the last command.
    #[track_caller]
    pub(crate) fn code(&self) -> i32 {
        self.wait_for("the prompt", |screen| screen.trim_end().ends_with("\n$"));
        self.command("echo code: $?");
        let code = |screen: &str| screen.rsplit_once("\ncode: ")?.1.lines().next()?.parse().ok();
        code(&self.wait_for("the code", |screen| code(screen).is_some())).unwrap_or(-1)
    }

    /// Asserts that a full screen program has restored the terminal: normal screen, visible cursor,
    /// echo, canonical mode, signals.
    #[track_caller]
    pub(crate) fn assert_restored(&self) {
        self.command(
            "echo modes: $(stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(echo|icanon|isig|opost)')",
        );
        let screen = self.wait_for("the modes", |screen| screen.contains("\nmodes: "));
        assert!(
            screen.contains("modes: isig icanon echo opost")
                || screen.contains("modes: opost isig icanon echo"),
            "{screen}"
        );
        let flags = self.tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag}"]);
        assert_eq!(flags.trim(), "0 1", "alternate screen, cursor");
    }

    /// Whether a program shows the alternate screen without a cursor.
    pub(crate) fn is_full_screen(&self) -> bool {
        self.tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim() == "1 0"
    }
}

impl Drop for TestTerminal {
    fn drop(&mut self) {
        self.tmux(["kill-server"]);
    }
}

#[allow(clippy::print_stderr)]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
