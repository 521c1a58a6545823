//! What a descriptor was opened for, and how an error says that.

use std::ffi::c_int;

use crate::sys;

/// What a descriptor was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    Both,
}

impl Access {
    /// The permission that it takes, in each of the three classes of a mode.
    pub(crate) fn permission_bits(self) -> u32 {
        match self {
            Self::Read => 0o4,
            Self::Write => 0o2,
            Self::Both => 0o6,
        }
    }

    /// From the flags of a descriptor. `O_ACCMODE` of Linux has a fourth value, which no queue has.
    pub(crate) fn from_flags(flags: c_int) -> Self {
        match flags & sys::O_ACCMODE {
            sys::O_RDONLY => Self::Read,
            sys::O_WRONLY => Self::Write,
            _ => Self::Both,
        }
    }

    pub(crate) fn can_receive(self) -> bool {
        self != Self::Write
    }

    pub(crate) fn can_send(self) -> bool {
        self != Self::Read
    }
}

/// Explains the `EBADF` of receiving from a queue that cannot be received from.
pub(crate) const WRITE_ONLY: &str =
    "it was opened for writing only (O_WRONLY); to receive, open it O_RDONLY or O_RDWR";
/// Explains the `EBADF` of sending to a queue that cannot be sent to.
pub(crate) const READ_ONLY: &str =
    "it was opened for reading only (O_RDONLY); to send, open it O_WRONLY or O_RDWR";
