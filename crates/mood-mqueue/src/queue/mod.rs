//! What an object holds.

pub(crate) mod callbacks;
mod class;
pub(crate) mod exit;
mod facts;
pub(crate) mod held;
pub(crate) mod scratch;

pub(crate) use class::MessageQueue;
pub(crate) use facts::Facts;
