//! What Python sees of the class: signatures and documentation, one call each.

mod life;
mod properties;
mod transfer;
mod whole;
