//! What messages are received into.

use std::cell::Cell;

use pyo3::prelude::*;

use crate::ffi::bytes;

/// What a message is received into: one for each thread, used again and again.
///
/// Its bytes are always initialised, and it is big enough for a message of any queue that it was
/// asked for.
#[derive(Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    length: usize,
    priority: u32,
    pub(super) was_held: bool,
    pub(super) next: Option<Box<Scratch>>,
}

thread_local! {
    static SPARE: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// This thread's scratch, with room for `size` bytes, or MemoryError.
    #[inline(always)]
    pub(crate) fn take(size: usize) -> PyResult<Box<Self>> {
        // A thread that is ending, or is in a receive already (from a signal handler), has none.
        match SPARE.try_with(Cell::take) {
            Ok(Some(scratch)) if scratch.bytes.len() >= size => Ok(scratch),
            other => Self::grown(other.ok().flatten().unwrap_or_default(), size),
        }
    }

    #[cold]
    fn grown(mut self: Box<Self>, size: usize) -> PyResult<Box<Self>> {
        let mut room = bytes::room(size)?;
        room.resize(size, 0);
        self.bytes = room;
        Ok(self)
    }

    /// Keeps it for this thread's next receive.
    #[inline(always)]
    pub(crate) fn put_back(self: Box<Self>) {
        // In a thread that is ending it is freed instead.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    /// What to receive into; no more than it was asked to hold.
    #[inline(always)]
    pub(crate) fn room(&mut self, size: usize) -> &mut [u8] {
        self.bytes.get_mut(..size).unwrap_or_default()
    }

    /// Says what was received into it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, (length, priority): (usize, u32)) {
        self.length = length;
        self.priority = priority;
        self.was_held = false;
    }

    /// Puts a message in that was received elsewhere, of no more bytes than it was asked to hold.
    pub(crate) fn copy(&mut self, message: &[u8], priority: u32) {
        if let Some(room) = self.bytes.get_mut(..message.len()) {
            room.copy_from_slice(message);
            self.fill((message.len(), priority));
        }
    }

    pub(crate) fn message(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(crate) fn priority(&self) -> u32 {
        self.priority
    }
}
