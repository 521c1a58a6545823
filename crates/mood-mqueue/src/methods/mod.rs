//! What Python sees of the class: signatures and documentation, one call each.

mod bytes;
pub(crate) mod fast_path;
mod lifecycle;
mod messages;
mod properties;
