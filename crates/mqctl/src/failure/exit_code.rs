//! What the shell is told: the one list of exit codes.

/// The codes of every verb. 0 is success; a signal that ends the program shows as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Whatever has no code of its own: input, output, the kernel.
    Other = 1,
    /// The command line is wrong. (The number is clap's.)
    Usage = 2,
    /// There is no queue of this name.
    NotFound = 3,
    /// No message was there, and none was waited for.
    Empty = 4,
    /// There was no room, and none was waited for.
    Full = 5,
    /// The time of `--timeout` is over.
    TimedOut = 6,
    /// Permission, or what exists is not what was asked for.
    Refused = 7,
    /// A limit of the system.
    LimitExceeded = 8,
    /// A message in hand could not be put back; where it was written to is said.
    NotRequeued = 9,
}

/// The paragraph of the help that lists them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  failed for any other reason
  2  the command line is wrong
  3  there is no queue of this name
  4  the queue is empty, and nothing was waited for
  5  the queue is full, and nothing was waited for
  6  the time of --timeout is over
  7  refused: permission, or what exists is not what was asked for
  8  refused by a limit of the system
  9  a message that was taken could not be put back; the error says where it is

A signal that ends mqctl shows as one: 130 after Ctrl-C.";
