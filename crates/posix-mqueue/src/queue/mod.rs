//! The queue: its handle, and every call on it.

mod access;
mod adopt;
mod handle;
mod open;
mod owned;
mod readiness;
mod receive;
mod receive_message;
mod receive_uninit;
mod reopen;
mod send;
mod shutdown;
mod systemd;
mod unlink;

#[cfg(feature = "tokio")]
pub(crate) use access::{Access, READ_ONLY, WRITE_ONLY};
pub use handle::MessageQueue;
pub use open::OpenOptions;
pub use owned::OwnedQueue;
pub use receive_message::Messages;
pub use systemd::from_systemd;
pub use unlink::unlink;
