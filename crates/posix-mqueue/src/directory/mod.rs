//! The queues of the system: their names, attributes, registrations and holders.

mod entry;
mod holders;
mod listing;
mod processes;

pub use entry::Entry;
pub use holders::{Holder, Holders, holders};
pub use listing::{Directory, list_queues};
