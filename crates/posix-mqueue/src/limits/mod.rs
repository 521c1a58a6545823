//! The limits on queues: their values, what a queue counts against them, how to raise them.

mod charge;
mod current;
mod explain;
mod remedy;

pub use charge::charge;
pub use current::Limits;
pub(crate) use explain::{explain_create, explain_open, sizes};
pub use remedy::{Limit, Remedy};
