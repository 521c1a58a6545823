//! Which calls arrived: written to the file that `MQ_INTERPOSE_COUNTS` names.

use std::env;
use std::fs::OpenOptions;
use std::io::{Cursor, Write};
use std::path::{self, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! functions {
    ($($function:ident $name:literal)*) => {
        /// What is exported and counted.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Function {
            $($function,)*
        }

        const NAMES: &[&str] = &[$($name,)*];
        static COUNTS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];
    };
}

functions! {
    Open "mq_open"
    Open2 "__mq_open_2"
    Close "mq_close"
    Unlink "mq_unlink"
    Send "mq_send"
    TimedSend "mq_timedsend"
    Receive "mq_receive"
    TimedReceive "mq_timedreceive"
    GetAttr "mq_getattr"
    SetAttr "mq_setattr"
    Notify "mq_notify"
}

static FILE: OnceLock<PathBuf> = OnceLock::new();

/// Remembers the file by its whole path: the program may change directory.
pub(crate) fn start() {
    let named = env::var_os("MQ_INTERPOSE_COUNTS").and_then(|name| path::absolute(name).ok());
    if let Some(file) = named {
        let _ = FILE.set(file);
    }
}

/// Also writes now and then: a process that is killed says nothing at its end.
pub(crate) fn count(function: Function) {
    static ARRIVED: AtomicU64 = AtomicU64::new(0);
    COUNTS[function as usize].fetch_add(1, Ordering::Relaxed);
    if ARRIVED.fetch_add(1, Ordering::Relaxed) % 1024 == 1023 {
        write();
    }
}

/// What a forked child has of its parent's calls.
pub(crate) fn forget() {
    for count in &COUNTS {
        count.store(0, Ordering::Relaxed);
    }
}

/// Adds to the file what was not written yet. Needs no memory: a signal handler may call `_exit`.
pub(crate) fn write() {
    let Some(path) = FILE.get() else { return };
    if COUNTS.iter().all(|count| count.load(Ordering::Relaxed) == 0) {
        return;
    }
    // Nobody is told of a failure but whoever looks for the counts.
    let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) else { return };
    let mut text = Cursor::new([0_u8; 1024]);
    for (name, count) in NAMES.iter().zip(&COUNTS) {
        match count.swap(0, Ordering::Relaxed) {
            0 => {}
            // Eleven names and numbers of 20 digits fit.
            count => drop(writeln!(text, "{name} {count}")),
        }
    }
    // In one piece, so that the lines of several processes stay whole.
    let length = usize::try_from(text.position()).unwrap_or(0);
    let _ = file.write_all(&text.get_ref()[..length]);
}
