//! The file that keeps the messages of a queue: written by `drain`, read by `restore`.

mod decoder;
pub(crate) mod encoder;
pub(crate) mod format;
pub(crate) mod partial_file;
#[cfg(test)]
mod tests;
pub(crate) mod verified;
