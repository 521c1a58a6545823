//! Messages on their way: how input becomes messages, how messages are written, and how a received
//! message is delivered, requeued or rescued.

pub(crate) mod format;
pub(crate) mod forward;
pub(crate) mod framing;
pub(crate) mod hex;
pub(crate) mod requeue;
pub(crate) mod stdout;
