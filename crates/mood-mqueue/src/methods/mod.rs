//! What Python sees of the class: signatures and documentation, one call each.

pub(crate) mod fast;
mod life;
mod properties;
mod transfer;
mod whole;
