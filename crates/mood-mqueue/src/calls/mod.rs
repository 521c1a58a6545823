//! What a call does.

pub(crate) mod blocking;
pub(crate) mod byte_io;
pub(crate) mod constructors;
pub(crate) mod detach;
pub(crate) mod message_io;
pub(crate) mod notify;
pub(crate) mod pickle;
pub(crate) mod receive;
