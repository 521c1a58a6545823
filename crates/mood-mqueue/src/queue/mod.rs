//! What an object holds.

pub(crate) mod atexit;
pub(crate) mod callbacks;
mod class;
mod metadata;
pub(crate) mod receive_buffer;
pub(crate) mod undelivered;

pub(crate) use class::MessageQueue;
pub(crate) use metadata::QueueMetadata;
