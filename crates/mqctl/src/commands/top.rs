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
use draw::context::Scene;
use draw::theme::Paint;
use events::News;
use history::History;
use holders::Found;
use sample::Sample;
use screen::Screen;
use sort::Order;
use user_names::Users;
use view::{View, Wish};

/// Watch all queues on the terminal
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Look at the queues so often (1.5, 200ms)
    #[arg(long, short = 'i', value_name = "TIME", default_value = "1", value_parser = interval)]
    interval: Duration,
    /// Show queues with this in their names only
    #[arg(long, short = 'f', value_name = "TEXT", default_value = "")]
    #[arg(hide_default_value = true)]
    filter: String,
    /// Sort by this
    #[arg(long, short = 's', value_name = "COLUMN", default_value = "name")]
    sort: Order,
}

const HELP: &str = "\
Rates are lower bounds, and say so (≥): the kernel counts no messages. It tells how many there are,
their bytes, and the second of the last use; what comes and goes between two looks is not seen.

To look at a queue takes nothing from it, ends nobody's notification, and keeps no queue that is
removed; it sets the times of its last access and status change. Press ? for the keys.";

/// What is not done in no time.
fn interval(typed: &str) -> Result<Duration, String> {
    match duration::parse(typed)? {
        time if time < Duration::from_millis(50) => Err("50ms is the shortest".to_owned()),
        time if time > Duration::from_secs(3_600) => Err("1h is the longest".to_owned()),
        time => Ok(time),
    }
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Before the terminal is touched: the error has the command that mounts it.
        let directory = Directory::open()?;
        if !output::is_terminal() || !io::stdin().is_terminal() {
            let text = "top draws on a terminal, and this is none; for programs there are \
                        `mqctl ls --json` and `mqctl metrics`";
            return Err(Failure::new(Code::Failed, text));
        }
        let mut top = Top {
            directory,
            history: History::default(),
            view: View::new(self.interval, self.sort, self.filter),
            users: Users::new(owner::user),
            holders: None,
            trouble: None,
            paint: Paint { is_coloured: output::is_coloured() },
        };
        let (sender, news) = events::listen()?;
        let mut screen = Screen::take()?;
        events::read_keys(sender)?;
        let end = top.watch(&mut screen, &news);
        drop(screen);
        if let End::Signal(signal) = end? {
            low_level::emulate_default_handler(signal)?;
        }
        Ok(())
    }
}

/// Why the watching is over.
enum End {
    Wanted,
    Signal(i32),
}

#[derive(Debug)]
struct Top {
    directory: Directory,
    history: History,
    view: View,
    users: Users,
    holders: Option<Found>,
    trouble: Option<String>,
    paint: Paint,
}

impl Top {
    fn watch(&mut self, screen: &mut Screen, news: &Receiver<News>) -> Outcome<End> {
        let mut looked: Option<Instant> = None;
        loop {
            let wait = self.until_next(looked);
            if wait.is_zero() {
                self.look();
                looked = Some(Instant::now());
            }
            screen.draw(|frame| draw::scene(frame, &self.scene()))?;
            match news.recv_timeout(self.until_next(looked)) {
                Ok(News::Key(key)) => match self.press(key) {
                    None => {}
                    Some(Wish::Quit) => return Ok(End::Wanted),
                    Some(Wish::Interrupt) => return Ok(End::Signal(SIGINT)),
                    Some(Wish::Suspend) => screen.without(stop)?,
                    Some(Wish::Holders) => self.find_holders(),
                },
                Ok(News::Redraw) | Err(RecvTimeoutError::Timeout) => {}
                Ok(News::Fatal(signal)) => return Ok(End::Signal(signal)),
                Ok(News::Stop) => screen.without(stop)?,
                Ok(News::Continue) => screen.retake()?,
                Ok(News::Lost(error)) => return Err(error.into()),
                Err(RecvTimeoutError::Disconnected) => return Ok(End::Wanted),
            }
        }
    }

    /// The interval may have changed since; a paused view only waits for keys.
    fn until_next(&self, looked: Option<Instant>) -> Duration {
        match looked {
            None => Duration::ZERO,
            Some(_) if self.view.is_paused => Duration::MAX,
            Some(looked) => self.view.interval.saturating_sub(looked.elapsed()),
        }
    }

    /// What goes wrong may be over by the next time, so it is shown and does not end the watching.
    fn look(&mut self) {
        match Sample::take(&self.directory) {
            Ok(sample) => {
                self.history.add(sample);
                self.trouble = None;
            }
            Err(failure) => self.trouble = Some(failure.to_string()),
        }
    }

    fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        self.view.press(key, &self.history)
    }

    fn find_holders(&mut self) {
        let row = self.view.selected(&self.history);
        self.holders = row.map(|row| holders::find(&self.directory, row));
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            history: &self.history,
            view: &self.view,
            users: &self.users,
            holders: self.holders.as_ref(),
            trouble: self.trouble.as_deref(),
            paint: self.paint,
        }
    }
}

/// Until somebody continues it.
fn stop() -> io::Result<()> {
    low_level::raise(SIGSTOP)
}
