//! Signals that end the measurement: it stops at once, and then dies by the signal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::failure::Outcome;

/// Which signal came, if one did.
#[derive(Debug, Default)]
pub(super) struct Stop(Arc<AtomicUsize>);

impl Stop {
    pub(super) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let is_second = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // Who asks twice does not want to wait.
            flag::register_conditional_default(signal, Arc::clone(&is_second))?;
            flag::register(signal, Arc::clone(&is_second))?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&stop.0), number)?;
        }
        Ok(stop)
    }

    pub(super) fn signal(&self) -> Option<i32> {
        let number = self.0.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|number| *number != 0)
    }
}

/// Ends the process as the signal would have, so that a shell sees it.
pub(super) fn die_by(signal: i32) -> Outcome {
    low_level::emulate_default_handler(signal)?;
    Ok(())
}
