//! Keys, terminal size changes and signals as one stream of events.

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
    /// The terminal was resized.
    Redraw,
    /// One of [`TERMINATION_SIGNALS`].
    Terminate(i32),
    /// `SIGTSTP`
    Suspend,
    /// `SIGCONT`
    Resume,
    /// The keyboard can no longer be read.
    KeyboardError(io::Error),
}

/// Starts sending signals as events. [`read_keys`] adds keys.
pub(super) fn watch_signals() -> io::Result<(Sender<AppEvent>, Receiver<AppEvent>)> {
    let (sender, events) = mpsc::channel();
    let mut signals = Signals::new(TERMINATION_SIGNALS.into_iter().chain([SIGTSTP, SIGCONT]))?;
    let for_signals = sender.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut is_terminating = false;
        for signal in signals.forever() {
            // If the main thread is blocked on a dead terminal, the second signal ends the process.
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

/// Starts sending keys as events. The terminal must be in raw mode.
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
