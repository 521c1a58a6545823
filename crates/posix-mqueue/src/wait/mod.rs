//! Waiting: spinning, blocking calls, and how another thread ends them.

mod blocking;
mod state;
mod waiters;

#[cfg(test)]
pub(crate) use blocking::blocking_call;
pub(crate) use blocking::{retry_on_eintr, short_call, spin, wait_until_done, wait_until_ready};
pub(crate) use state::WaitState;
