//! Messages onto standard output: each is out before the next one is taken, and a signal ends the
//! waiting for a reader that does not read.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::failure::Outcome;
use crate::failure::signals::Signals;

/// What a pipe that has room takes without waiting (PIPE_BUF).
const PIPE_BUF: usize = 4096;

/// Writes it all. If it fails, a part of it may be out.
pub(crate) fn write(bytes: &[u8], signals: &Signals) -> Outcome {
    let mut out = io::stdout().lock();
    for chunk in bytes.chunks(PIPE_BUF) {
        wait_writable(&out, signals)?;
        out.write_all(chunk)?;
        // The standard library keeps what follows the last line feed.
        out.flush()?;
    }
    Ok(())
}

fn wait_writable(out: &io::StdoutLock<'_>, signals: &Signals) -> Outcome {
    loop {
        let mut ready = [
            PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT),
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let [room, _] = &ready;
        // An error counts as room: the write will tell it.
        if !room.revents().is_empty() {
            return Ok(());
        }
        signals.check()?;
    }
}

/// Fails where nobody is left to read: asked before a message is taken.
pub(crate) fn check_reader() -> Outcome {
    let out = io::stdout();
    let mut ready = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT)];
    // Where this cannot be asked, the write tells.
    let _ = poll(&mut ready, Some(&Timespec::default()));
    let [out] = &ready;
    if out.revents().contains(PollFlags::ERR) {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    }
    Ok(())
}
