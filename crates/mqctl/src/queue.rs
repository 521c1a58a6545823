//! Queues: opening one to inspect or change it, sending into one, and describing one.

pub(crate) mod inspect;
pub(crate) mod queue_info;
pub(crate) mod target;
pub(crate) mod timed;
