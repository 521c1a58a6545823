//! The exit codes.

/// The exit codes of all verbs. 0 is success; a terminating signal has no code here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Any error without a code of its own.
    Other = 1,
    /// Usage error; clap uses the same number.
    Usage = 2,
    /// No such queue.
    NotFound = 3,
    /// The queue is empty, with `--nonblock`.
    Empty = 4,
    /// The queue is full, with `--nonblock`.
    Full = 5,
    /// `--timeout` expired.
    TimedOut = 6,
    /// Permission denied, or the existing queue or file differs from the request.
    Refused = 7,
    /// A system limit is exceeded.
    LimitExceeded = 8,
    /// The in-flight message could not be requeued; the error says where it was saved.
    NotRequeued = 9,
}

/// The list of exit codes for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  success
  1  other error
  2  usage error
  3  no such queue
  4  queue empty (with --nonblock)
  5  queue full (with --nonblock)
  6  timed out
  7  permission denied, or the existing queue differs from the request
  8  system limit exceeded
  9  a received message could not be requeued; the error says where it was saved

If a signal terminates mqctl, the shell reports 128 plus the signal number: 130 for Ctrl-C.";
