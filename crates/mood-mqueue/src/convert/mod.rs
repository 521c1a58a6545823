//! What Python gives as arguments, and what it gets as values.

pub(crate) mod c_uint;
pub(crate) mod descriptor;
pub(crate) mod name;
pub(crate) mod namedtuples;
pub(crate) mod payload;
pub(crate) mod timeout;
