//! `mqctl top`

mod draw;
mod events;
#[cfg(test)]
mod fixture;
mod history;
mod holders;
mod humanize;
mod sample;
mod screen;
mod sort;
mod traffic;
mod user_names;
mod view;

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use posix_mqueue::Directory;
use ratatui::crossterm::event::KeyEvent;
use signal_hook::consts::{SIGINT, SIGSTOP};
use signal_hook::low_level;

use crate::display::output;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
use crate::values::{duration, owner};
use draw::context::DrawContext;
use draw::theme::Theme;
use events::AppEvent;
use history::History;
use holders::HolderReport;
use sample::Sample;
use screen::Screen;
use sort::SortKey;
use user_names::UserNames;
use view::{Action, View};

/// Watch all queues in the terminal
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Sample the queues every TIME, 50ms to 1h (1.5, 200ms)
    #[arg(long, short = 'i', value_name = "TIME", default_value = "1", value_parser = parse_interval)]
    interval: Duration,
    /// Show only queues whose names contain TEXT
    #[arg(long, short = 'f', value_name = "TEXT", default_value = "")]
    #[arg(hide_default_value = true)]
    filter: String,
    /// Sort by COLUMN
    #[arg(long, short = 's', value_name = "COLUMN", default_value = "name")]
    sort: SortKey,
}

const HELP: &str = "\
Rates are lower bounds, marked ≥, because the kernel does not count messages. It reports the number
of messages, their bytes, and the second of the last use. Messages that are sent and received
between two samples are not seen.

Sampling receives no message, cancels no notification, and does not keep removed queues alive. It
changes only the times of a queue's last access and status change. Press ? for the keys.";

/// Parses an interval and checks its bounds.
fn parse_interval(typed: &str) -> Result<Duration, String> {
    match duration::parse(typed)? {
        time if time < Duration::from_millis(50) => {
            Err("the interval is below the minimum of 50ms".to_owned())
        }
        time if time > Duration::from_secs(3_600) => {
            Err("the interval is above the maximum of 1h".to_owned())
        }
        time => Ok(time),
    }
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Report a missing mount, with its remedy, before changing the terminal.
        let directory = Directory::open()?;
        if !output::is_terminal() || !io::stdin().is_terminal() {
            let text =
                "top requires a terminal; programs can use `mqctl ls --json` or `mqctl metrics`";
            return Err(Failure::new(Code::Other, text));
        }
        let mut app = App {
            directory,
            history: History::default(),
            view: View::new(self.interval, self.sort, self.filter),
            user_names: UserNames::new(owner::format_user),
            holders: None,
            error: None,
            theme: Theme { has_color: output::is_color_enabled() },
        };
        let (sender, events) = events::watch_signals()?;
        let mut screen = Screen::enter()?;
        events::read_keys(sender)?;
        let reason = app.run(&mut screen, &events);
        drop(screen);
        if let ExitReason::Signal(signal) = reason? {
            low_level::emulate_default_handler(signal)?;
        }
        Ok(())
    }
}

/// Why the event loop ended.
enum ExitReason {
    Quit,
    Signal(i32),
}

#[derive(Debug)]
struct App {
    directory: Directory,
    history: History,
    view: View,
    user_names: UserNames,
    holders: Option<HolderReport>,
    error: Option<String>,
    theme: Theme,
}

impl App {
    fn run(&mut self, screen: &mut Screen, events: &Receiver<AppEvent>) -> Outcome<ExitReason> {
        let mut last_sample: Option<Instant> = None;
        loop {
            let wait = self.time_until_sample(last_sample);
            if wait.is_zero() {
                self.take_sample();
                last_sample = Some(Instant::now());
            }
            screen.draw(|frame| draw::draw_screen(frame, &self.draw_context()))?;
            match events.recv_timeout(self.time_until_sample(last_sample)) {
                Ok(AppEvent::Key(key)) => match self.on_key(key) {
                    None => {}
                    Some(Action::Quit) => return Ok(ExitReason::Quit),
                    Some(Action::Interrupt) => return Ok(ExitReason::Signal(SIGINT)),
                    Some(Action::Suspend) => screen.leave_during(suspend)?,
                    Some(Action::FindHolders) => self.find_holders(),
                },
                Ok(AppEvent::Redraw) | Err(RecvTimeoutError::Timeout) => {}
                Ok(AppEvent::Terminate(signal)) => return Ok(ExitReason::Signal(signal)),
                Ok(AppEvent::Suspend) => screen.leave_during(suspend)?,
                Ok(AppEvent::Resume) => screen.reenter()?,
                Ok(AppEvent::KeyboardError(error)) => return Err(error.into()),
                Err(RecvTimeoutError::Disconnected) => return Ok(ExitReason::Quit),
            }
        }
    }

    /// Computed again each time because a key can change the interval or pause the view.
    fn time_until_sample(&self, last_sample: Option<Instant>) -> Duration {
        match last_sample {
            None => Duration::ZERO,
            Some(_) if self.view.is_paused => Duration::MAX,
            Some(last_sample) => self.view.interval.saturating_sub(last_sample.elapsed()),
        }
    }

    /// An error may be temporary, so it is shown and does not end the program.
    fn take_sample(&mut self) {
        match Sample::take(&self.directory) {
            Ok(sample) => {
                self.history.add(sample);
                self.error = None;
            }
            Err(failure) => self.error = Some(failure.to_string()),
        }
    }

    fn on_key(&mut self, key: KeyEvent) -> Option<Action> {
        self.view.on_key(key, &self.history)
    }

    fn find_holders(&mut self) {
        let row = self.view.selected(&self.history);
        self.holders = row.map(|row| holders::find_holders(&self.directory, row));
    }

    fn draw_context(&self) -> DrawContext<'_> {
        DrawContext {
            history: &self.history,
            view: &self.view,
            user_names: &self.user_names,
            holders: self.holders.as_ref(),
            error: self.error.as_deref(),
            theme: self.theme,
        }
    }
}

/// Stops this process until it receives SIGCONT.
fn suspend() -> io::Result<()> {
    low_level::raise(SIGSTOP)
}
