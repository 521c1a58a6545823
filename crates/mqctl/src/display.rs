//! What users see: tables, bars, progress, and text that is safe on a terminal.

pub(crate) mod bars;
pub(crate) mod output;
pub(crate) mod plural;
pub(crate) mod progress;
pub(crate) mod sanitize;
pub(crate) mod table;
