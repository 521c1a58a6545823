//! The verbs: in each file its arguments and what it does.

pub(crate) mod create;
pub(crate) mod drain;
pub(crate) mod r#move;
pub(crate) mod recv;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod send;
pub(crate) mod tee;
pub(crate) mod wait;
