//! Carries POSIX message queues to a NATS JetStream cluster and back, losing nothing.
//!
//! A queue of the kernel ends where its machine ends. This relay takes messages from one, writes
//! them to a journal, publishes them to a stream, and forgets them when the server has them; or it
//! fetches from a stream, sends to a queue, and acknowledges when the kernel has it. The program is
//! `mqrelay`; as a library it is for tests and for programs that embed it.
//!
//! Data flows one way: [`config`] says what to do; [`Relay`] runs one task a route, `outbound` or
//! `inbound`; each of them stands on a queue on the one side, on `broker` on the other, and `outbound` on
//! [`journal`] between.

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
