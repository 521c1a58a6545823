//! What happens outside: keys, sizes, signals, one after the other.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use ratatui::crossterm::event::{self, Event, KeyEvent};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::failure::signals::ENDING;

#[derive(Debug)]
pub(super) enum News {
    Key(KeyEvent),
    /// The terminal has another size, or shows something else by now.
    Redraw,
    /// One of [`ENDING`].
    Fatal(i32),
    /// `SIGTSTP`
    Stop,
    /// `SIGCONT`
    Continue,
    /// Nothing more comes from the keyboard.
    Lost(io::Error),
}

/// From now on signals are news. Keys are so from [`read_keys`] on.
pub(super) fn listen() -> io::Result<(Sender<News>, Receiver<News>)> {
    let (sender, news) = mpsc::channel();
    let mut signals = Signals::new(ENDING.into_iter().chain([SIGTSTP, SIGCONT]))?;
    let to = sender.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut was_told = false;
        for signal in signals.forever() {
            // The terminal may take nothing any more, and keep what draws on it.
            if ENDING.contains(&signal) && std::mem::replace(&mut was_told, true) {
                let _ = low_level::emulate_default_handler(signal);
            }
            let news = match signal {
                SIGTSTP => News::Stop,
                SIGCONT => News::Continue,
                signal => News::Fatal(signal),
            };
            if to.send(news).is_err() {
                return;
            }
        }
    })?;
    Ok((sender, news))
}

/// The terminal has to be in raw mode by then.
pub(super) fn read_keys(to: Sender<News>) -> io::Result<()> {
    thread::Builder::new().name("keys".into()).spawn(move || {
        loop {
            let (news, is_last) = match event::read() {
                Ok(Event::Key(key)) => (News::Key(key), false),
                Ok(Event::Resize(..)) => (News::Redraw, false),
                Ok(_) => continue,
                Err(error) => (News::Lost(error), true),
            };
            if to.send(news).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(())
}
