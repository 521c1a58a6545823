//! Relays messages between POSIX message queues and NATS JetStream.
//!
//! An outbound route receives messages from a queue, writes them to a journal, publishes them to a
//! stream, and drops them from the journal when the server has acknowledged them. An inbound route
//! fetches messages from a stream, sends them to a queue, and acknowledges them. The program is
//! `mqrelay`; the library is for tests and for programs that embed the relay.
//!
//! [`Relay`] runs one task per route of a [`config`]. `outbound` and `inbound` use a queue on one
//! side and `broker` on the other; `outbound` has a [`journal`] in between.

pub mod args;
mod backoff;
mod broker;
pub mod config;
mod error;
mod headers;
mod inbound;
pub mod journal;
mod locked_directory;
mod metrics;
mod outbound;
mod relay;
mod route_context;

pub use error::{Error, Result};
pub use relay::{Relay, check};
