//! The verbs: in each file its arguments and what it does.

pub(crate) mod bench;
pub(crate) mod create;
pub(crate) mod metrics;
pub(crate) mod rm;
