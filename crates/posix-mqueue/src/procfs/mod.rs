//! What `/proc` says of the calling thread: its mounts, its capabilities, its signals.

mod mountinfo;
mod status;

pub(crate) use mountinfo::{Mount, mounts};
pub(crate) use status::{CAP_SYS_ADMIN, CAP_SYS_PTRACE, blocked_signals, has_capability};
