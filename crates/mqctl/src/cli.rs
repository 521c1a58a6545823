//! The command line: its definition, and its completion in shells.

pub(crate) mod args;
pub(crate) mod completion;
