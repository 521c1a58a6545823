//! The queues of the system: their names, what each one is, who is registered, who has them open.

mod entry;
mod holders;
mod listing;
mod processes;

pub use entry::Entry;
pub use holders::{Holder, Holders, holders};
pub use listing::{Directory, list_queues};
