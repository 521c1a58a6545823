//! A `bytes` whose memory is written to before anybody else has a reference to it.

use std::mem::MaybeUninit;
use std::{ptr, slice};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A new `bytes` of a fixed size, whose first bytes are initialized and whose others are not.
pub(crate) struct UnfilledBytes<'py> {
    /// The only reference; it leaves this struct once all the memory is initialized.
    bytes: Bound<'py, PyAny>,
    size: usize,
    filled: usize,
}

impl<'py> UnfilledBytes<'py> {
    /// Or MemoryError.
    #[inline(always)]
    pub(crate) fn new(py: Python<'py>, size: usize) -> PyResult<Self> {
        let length = ffi::Py_ssize_t::try_from(size)?;
        // SAFETY: a null pointer asks for bytes that are not initialized; the thread is attached.
        let bytes = unsafe { ffi::PyBytes_FromStringAndSize(ptr::null(), length) };
        // SAFETY: a new reference, or null with an exception set; the thread is attached.
        let bytes = unsafe { Bound::from_owned_ptr_or_err(py, bytes) }?;
        Ok(Self { bytes, size, filled: 0 })
    }

    /// Calls with all of the memory. `fill` returns the part that it has initialized, from the
    /// start on, and what it has to say of it.
    #[inline(always)]
    pub(crate) fn fill<T>(
        &mut self,
        fill: impl for<'a> FnOnce(&'a mut [MaybeUninit<u8>]) -> Option<(&'a mut [u8], T)>,
    ) -> Option<T> {
        let start = self.start();
        // SAFETY: `size` bytes are there as long as this struct lives. No other thread can reach
        // them, with a GIL or without, since this struct has the only reference; and the slice
        // ends with the call, before the next use of the memory.
        let room = unsafe { slice::from_raw_parts_mut(start.cast(), self.size) };
        let (message, answer) = fill(room)?;
        // Any other slice of `'a` would say nothing of this memory.
        self.filled = if message.as_ptr() == start { message.len() } else { 0 };
        Some(answer)
    }

    /// What has been filled so far.
    pub(crate) fn filled(&self) -> &[u8] {
        // SAFETY: so many bytes are initialized, and whoever can write to them borrows this struct.
        unsafe { slice::from_raw_parts(self.start(), self.filled) }
    }

    /// The `bytes`, if all of it is filled.
    #[inline(always)]
    pub(crate) fn finish(self) -> Result<Bound<'py, PyBytes>, Self> {
        if self.filled == self.size {
            // SAFETY: `new` has made a bytes.
            Ok(unsafe { self.bytes.cast_into_unchecked() })
        } else {
            Err(self)
        }
    }

    #[inline(always)]
    fn start(&self) -> *mut u8 {
        // SAFETY: a live bytes, which has this memory for its whole life.
        unsafe { ffi::PyBytes_AsString(self.bytes.as_ptr()) }.cast()
    }
}
