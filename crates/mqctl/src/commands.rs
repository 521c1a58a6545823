//! The verbs: in each file its arguments and what it does.

pub(crate) mod create;
pub(crate) mod recv;
pub(crate) mod rm;
pub(crate) mod send;
pub(crate) mod wait;
