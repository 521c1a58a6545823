//! What happens outside: keys, sizes, signals, one after the other.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use ratatui::crossterm::event::{self, Event, KeyEvent};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::failure::signals::TERMINATION_SIGNALS;

#[derive(Debug)]
pub(super) enum AppEvent {
    Key(KeyEvent),
    /// The terminal has another size, or shows something else by now.
    Redraw,
    /// One of [`TERMINATION_SIGNALS`].
    Terminate(i32),
    /// `SIGTSTP`
    Suspend,
    /// `SIGCONT`
    Resume,
    /// Nothing more comes from the keyboard.
    KeyboardError(io::Error),
}

/// From now on signals are news. Keys are so from [`read_keys`] on.
pub(super) fn watch_signals() -> io::Result<(Sender<AppEvent>, Receiver<AppEvent>)> {
    let (sender, events) = mpsc::channel();
    let mut signals = Signals::new(TERMINATION_SIGNALS.into_iter().chain([SIGTSTP, SIGCONT]))?;
    let for_signals = sender.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut is_terminating = false;
        for signal in signals.forever() {
            // The terminal may take nothing any more, and keep what draws on it.
            if TERMINATION_SIGNALS.contains(&signal) && std::mem::replace(&mut is_terminating, true)
            {
                let _ = low_level::emulate_default_handler(signal);
            }
            let event = match signal {
                SIGTSTP => AppEvent::Suspend,
                SIGCONT => AppEvent::Resume,
                signal => AppEvent::Terminate(signal),
            };
            if for_signals.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok((sender, events))
}

/// The terminal has to be in raw mode by then.
pub(super) fn read_keys(sender: Sender<AppEvent>) -> io::Result<()> {
    thread::Builder::new().name("keys".into()).spawn(move || {
        loop {
            let (event, is_last) = match event::read() {
                Ok(Event::Key(key)) => (AppEvent::Key(key), false),
                Ok(Event::Resize(..)) => (AppEvent::Redraw, false),
                Ok(_) => continue,
                Err(error) => (AppEvent::KeyboardError(error), true),
            };
            if sender.send(event).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(())
}
