//! The bytes of any object that has the buffer protocol.

use std::ffi::{c_int, c_void};
use std::mem::{self, MaybeUninit};
use std::{ptr, slice};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use crate::ffi::bytes;

/// A contiguous view of an object's bytes; as long as it lives the object cannot be resized.
pub(crate) struct BufferView<'py> {
    py: Python<'py>,
    // Boxed, since an exporter may keep pointers into it.
    view: Box<ffi::Py_buffer>,
}

impl<'py> BufferView<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::from(object, ffi::PyObject_GetBuffer, ffi::PyBUF_SIMPLE)
    }

    pub(crate) fn writable(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::from(object, ffi::PyObject_GetBuffer, ffi::PyBUF_WRITABLE)
    }

    /// What the bytearray itself holds, whatever a subclass shows instead.
    pub(crate) fn of_bytearray(array: &Bound<'py, PyByteArray>) -> PyResult<Self> {
        let slot = bytes::bytearray_slot(array.py(), ffi::Py_bf_getbuffer);
        // SAFETY: this is the type of what that slot holds; it is never null for bytearray, and
        // Option stands for null all the same.
        let get = unsafe { mem::transmute::<*mut c_void, Option<ffi::getbufferproc>>(slot) };
        Self::from(array, get.unwrap_or(ffi::PyObject_GetBuffer), ffi::PyBUF_SIMPLE)
    }

    fn from(object: &Bound<'py, PyAny>, get: ffi::getbufferproc, flags: c_int) -> PyResult<Self> {
        let mut view: Box<MaybeUninit<ffi::Py_buffer>> = Box::new_uninit();
        // SAFETY: the object is alive and the view can be written to; the flags ask for plain,
        // contiguous bytes.
        let failed = unsafe { get(object.as_ptr(), view.as_mut_ptr(), flags) };
        if failed != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: success means that the exporter has filled it.
        Ok(Self { py: object.py(), view: unsafe { view.assume_init() } })
    }

    pub(crate) fn size(&self) -> usize {
        // The protocol has no negative length; an exporter that lies gets nothing read.
        usize::try_from(self.view.len).unwrap_or(0)
    }

    /// A copy of at most `limit` bytes from `start` on.
    pub(crate) fn copy(&self, start: usize, limit: usize) -> PyResult<Vec<u8>> {
        let start = start.min(self.size());
        let size = limit.min(self.size() - start);
        let mut copy = bytes::try_allocate(size)?;
        let address = self.view.buf.cast_const().cast::<u8>().wrapping_add(start);
        // SAFETY: the exporter keeps `size` bytes alive at that address as long as this lives (it
        // may be null where there are none, and then nothing is copied), and the vector has that
        // much room of its own.
        unsafe { ptr::copy(address, copy.as_mut_ptr(), size) };
        // SAFETY: the line above has initialised them.
        unsafe { copy.set_len(size) };
        Ok(copy)
    }
}

impl BufferView<'_> {
    /// Calls with the bytes themselves, of an export that was asked to be writable.
    ///
    /// `call` runs no Python code and does not release the GIL, so that nobody else uses them
    /// meanwhile.
    pub(crate) fn write<T>(&mut self, call: impl FnOnce(&mut [u8]) -> T) -> T {
        let size = self.size();
        if size == 0 {
            return call(&mut []);
        }
        let address = self.view.buf.cast::<u8>();
        // SAFETY: the exporter keeps `size` writable bytes alive at that address as long as this
        // lives, and nobody else runs, as said above.
        call(unsafe { slice::from_raw_parts_mut(address, size) })
    }
}

impl Drop for BufferView<'_> {
    fn drop(&mut self) {
        // Where the exporter is a Python object, this runs its code; what is being raised stays.
        let raised = PyErr::take(self.py);
        // SAFETY: filled by PyObject_GetBuffer, released once, and the thread is attached, as the
        // token in this struct shows.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.view) };
        if let Some(raised) = raised {
            raised.restore(self.py);
        }
    }
}
