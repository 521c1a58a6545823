//! What users type: names, sizes, modes, owners and times, parsed and validated.

pub(crate) mod duration;
pub(crate) mod mode;
pub(crate) mod owner;
pub(crate) mod queue_name;
pub(crate) mod size;
pub(crate) mod timeout;
