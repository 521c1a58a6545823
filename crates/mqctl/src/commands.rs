//! The verbs: each file defines the arguments of one verb and runs it.

pub(crate) mod bench;
pub(crate) mod chmod;
pub(crate) mod chown;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod drain;
pub(crate) mod info;
pub(crate) mod limits;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod metrics;
pub(crate) mod r#move;
pub(crate) mod recv;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod send;
pub(crate) mod tee;
pub(crate) mod top;
pub(crate) mod wait;
