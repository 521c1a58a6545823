//! What Python gives as arguments, and what it gets as values.

pub(crate) mod descriptor;
pub(crate) mod name;
pub(crate) mod payload;
pub(crate) mod seconds;
pub(crate) mod unsigned;
pub(crate) mod values;
