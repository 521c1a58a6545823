//! Messages: splitting input into messages, writing messages, and forwarding, requeuing or rescuing
//! the in-flight message, which has been received and is nowhere else yet.

pub(crate) mod format;
pub(crate) mod forward;
pub(crate) mod framing;
pub(crate) mod hex;
pub(crate) mod requeue;
pub(crate) mod stdout;
