//! Switching the terminal to full screen, and restoring it on return, failure, panic and suspension.

use std::io::{self, Stdout};
use std::panic;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

/// While this exists, the terminal is in raw mode and shows the alternate screen.
#[derive(Debug)]
pub(super) struct Screen(Terminal<CrosstermBackend<Stdout>>);

impl Screen {
    pub(super) fn enter() -> io::Result<Self> {
        let previous_hook = panic::take_hook();
        // The message of a panic would disappear with the alternate screen.
        panic::set_hook(Box::new(move |info| {
            restore_terminal();
            previous_hook(info);
        }));
        enter_raw_mode()?;
        // From here on, an error must restore the terminal.
        let screen = Terminal::new(CrosstermBackend::new(io::stdout())).map(Self);
        screen.inspect_err(|_| restore_terminal())
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.0.draw(draw).map(drop)
    }

    /// Restores the terminal, calls `run`, and switches to full screen again.
    pub(super) fn leave_during(&mut self, run: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        restore_terminal();
        run()?;
        self.reenter()
    }

    /// Switches to full screen again, in whatever state another program has left the terminal.
    pub(super) fn reenter(&mut self) -> io::Result<()> {
        let _ = disable_raw_mode();
        enter_raw_mode()?;
        // `clear` would query the cursor position and wait for a reply that the key reader thread
        // would consume. Resizing also redraws everything.
        let size = self.0.size()?;
        self.0.resize(Rect::new(0, 0, size.width, size.height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore_terminal();
    }
}

fn enter_raw_mode() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen).inspect_err(|_| restore_terminal())
}

/// Ignores errors: the terminal may be gone.
fn restore_terminal() {
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

#[cfg(test)]
#[path = "../../../tests/terminal/mod.rs"]
mod terminal;

#[cfg(test)]
mod tests {
    use std::io;

    use super::Screen;
    use super::terminal::TestTerminal;

    const CHILD: &str = "MQCTL_TEST_PANICS_ON_A_TERMINAL";

    /// Run by the next test, in a terminal.
    #[test]
    #[ignore = "needs a terminal to itself"]
    fn panics_on_a_terminal() -> io::Result<()> {
        if std::env::var_os(CHILD).is_some() {
            let mut screen = Screen::enter()?;
            screen.draw(|_| unreachable!("unexpected state"))?;
        }
        Ok(())
    }

    #[test]
    fn panic_restores_terminal_and_shows_its_message() -> io::Result<()> {
        let Some(terminal) = TestTerminal::new(100, 30) else { return Ok(()) };
        let this = std::env::current_exe()?;
        let test = "commands::top::screen::tests::panics_on_a_terminal";
        terminal.command(&format!(
            "{CHILD}=1 RUST_BACKTRACE=0 {} --exact {test} --ignored --nocapture; echo code: $?",
            this.display()
        ));
        let screen = terminal.wait_for("the end", |screen| screen.contains("code: 101"));
        assert!(screen.contains("unexpected state"), "{screen}");
        terminal.assert_restored();
        Ok(())
    }
}
