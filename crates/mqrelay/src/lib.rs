//! Carries POSIX message queues to a NATS JetStream cluster and back, losing nothing.

pub mod args;
pub mod config;
mod error;
pub mod journal;
pub mod route;

pub use error::{Error, Result};
