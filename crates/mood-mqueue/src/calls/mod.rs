//! What a call does.

pub(crate) mod adopt;
pub(crate) mod block;
pub(crate) mod notify;
pub(crate) mod receive;
pub(crate) mod transfer;
pub(crate) mod whole;
