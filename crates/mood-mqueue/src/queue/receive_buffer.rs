//! The buffer that a thread receives into.

use std::cell::Cell;

use pyo3::prelude::*;

use crate::ffi::bytes;

/// A buffer for one message. Each thread has one and reuses it.
///
/// All its bytes are initialized, and it is large enough for each queue that it was taken for.
#[derive(Default)]
pub(crate) struct ReceiveBuffer {
    bytes: Vec<u8>,
    length: usize,
    priority: u32,
    pub(super) was_undelivered: bool,
    pub(super) next: Option<Box<ReceiveBuffer>>,
}

thread_local! {
    static THREAD_BUFFER: Cell<Option<Box<ReceiveBuffer>>> = const { Cell::new(None) };
}

impl ReceiveBuffer {
    /// This thread's receive buffer, with room for `size` bytes, or MemoryError.
    #[inline(always)]
    pub(crate) fn take(size: usize) -> PyResult<Box<Self>> {
        // A thread that is ending, or is in a receive already (from a signal handler), has none.
        match THREAD_BUFFER.try_with(Cell::take) {
            Ok(Some(buffer)) if buffer.bytes.len() >= size => Ok(buffer),
            other => Self::grow(other.ok().flatten().unwrap_or_default(), size),
        }
    }

    #[cold]
    fn grow(mut self: Box<Self>, size: usize) -> PyResult<Box<Self>> {
        let mut room = bytes::try_allocate(size)?;
        room.resize(size, 0);
        self.bytes = room;
        Ok(self)
    }

    /// Keeps it for this thread's next receive.
    #[inline(always)]
    pub(crate) fn recycle(self: Box<Self>) {
        // In a thread that is ending it is freed instead.
        let _ = THREAD_BUFFER.try_with(|spare| spare.set(Some(self)));
    }

    /// The bytes to receive into; `size` must not exceed the size that the buffer was taken for.
    #[inline(always)]
    pub(crate) fn space(&mut self, size: usize) -> &mut [u8] {
        self.bytes.get_mut(..size).unwrap_or_default()
    }

    /// Sets length and priority of the message that was received into the buffer.
    #[inline(always)]
    pub(crate) fn set_message(&mut self, (length, priority): (usize, u32)) {
        self.length = length;
        self.priority = priority;
        self.was_undelivered = false;
    }

    /// Copies a message that was received elsewhere, of at most the size that it was taken for.
    pub(crate) fn copy_from(&mut self, message: &[u8], priority: u32) {
        if let Some(room) = self.bytes.get_mut(..message.len()) {
            room.copy_from_slice(message);
            self.set_message((message.len(), priority));
        }
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(crate) fn priority(&self) -> u32 {
        self.priority
    }
}
