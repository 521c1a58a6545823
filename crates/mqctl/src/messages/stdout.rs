//! Writing messages to standard output. Each message is flushed before the next is received, and a
//! termination signal ends the wait for a slow reader.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::failure::Outcome;
use crate::failure::signals::Signals;

/// A pipe that polls as writable accepts this many bytes without blocking.
const PIPE_BUF: usize = 4096;

/// Writes all bytes. If this fails, some may have been written.
pub(crate) fn write(bytes: &[u8], signals: &Signals) -> Outcome {
    let mut out = io::stdout().lock();
    for chunk in bytes.chunks(PIPE_BUF) {
        wait_writable(&out, signals)?;
        out.write_all(chunk)?;
        // The standard library buffers the bytes after the last line feed.
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
        // Poll also reports errors here; the next write returns them.
        if !room.revents().is_empty() {
            return Ok(());
        }
        signals.check()?;
    }
}

/// Fails if the reader of a pipe is gone. Call it before receiving a message.
pub(crate) fn check_reader() -> Outcome {
    let out = io::stdout();
    let mut ready = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT)];
    // If poll fails, the write reports the error.
    let _ = poll(&mut ready, Some(&Timespec::default()));
    let [out] = &ready;
    if out.revents().contains(PollFlags::ERR) {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    }
    Ok(())
}
