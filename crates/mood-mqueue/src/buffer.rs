//! Bytes across the border: what a caller sends, what a receive is read into. The only `unsafe` of
//! this crate.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PySlice};

fn room(size: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(size) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(PyMemoryError::new_err(())),
    }
}

/// Calls with at most `limit` bytes of a bytes-like object.
///
/// A `bytes` cannot change, so it is used where it lies. Anything else is copied and let go at
/// once: while the call waits, other threads may write to it and resize it.
pub(crate) fn with_bytes<R>(
    object: &Bound<'_, PyAny>,
    limit: usize,
    call: impl FnOnce(&[u8]) -> PyResult<R>,
) -> PyResult<R> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        return call(&bytes[..bytes.len().min(limit)]);
    }
    call(&copy(object, limit)?)
}

/// The first `limit` bytes of an object with the buffer protocol.
fn copy(object: &Bound<'_, PyAny>, limit: usize) -> PyResult<Vec<u8>> {
    let export = Export::new(object)?;
    let size = export.size().min(limit);
    let mut bytes = room(size)?;
    // SAFETY: the export keeps at least `size` bytes alive at that address (for an empty one it
    // may be null, and then nothing is copied), and the vector has that much room of its own.
    unsafe { ptr::copy(export.address(), bytes.as_mut_ptr(), size) };
    // SAFETY: the line above has initialised them.
    unsafe { bytes.set_len(size) };
    Ok(bytes)
}

/// A contiguous view of an object's bytes; as long as it lives the object cannot be resized.
pub(crate) struct Export<'py> {
    py: Python<'py>,
    // Boxed, since an exporter may keep pointers into it.
    view: Box<ffi::Py_buffer>,
}

impl<'py> Export<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let mut view: Box<MaybeUninit<ffi::Py_buffer>> = Box::new_uninit();
        // SAFETY: the object is alive and the view writable; PyBUF_SIMPLE asks for plain,
        // contiguous bytes.
        let failed: c_int = unsafe {
            ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_SIMPLE)
        };
        if failed != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: success means that the exporter has filled it.
        Ok(Self { py: object.py(), view: unsafe { view.assume_init() } })
    }

    fn size(&self) -> usize {
        // The protocol has no negative length; an exporter that lies gets nothing read.
        usize::try_from(self.view.len).unwrap_or(0)
    }

    fn address(&self) -> *const u8 {
        self.view.buf.cast_const().cast()
    }
}

impl Drop for Export<'_> {
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

/// What a message is received into: one for each thread, used again and again.
///
/// Its bytes are always initialised, and it is big enough for a message of any queue that it was
/// asked for.
#[derive(Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    length: usize,
    priority: u32,
    next: Option<Box<Scratch>>,
}

thread_local! {
    static SPARE: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Room for `size` bytes, or MemoryError.
    pub(crate) fn with_room(size: usize) -> PyResult<Box<Self>> {
        // A thread that is ending, or is in a receive already (from a signal handler), has none.
        let mut scratch = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        if scratch.bytes.len() < size {
            let mut bytes = room(size)?;
            bytes.resize(size, 0);
            scratch.bytes = bytes;
        }
        Ok(scratch)
    }

    /// Where to receive into.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Says what was received into it.
    pub(crate) fn fill(&mut self, length: usize, priority: u32) {
        self.length = length;
        self.priority = priority;
    }

    pub(crate) fn message(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Keeps it for this thread's next receive.
    pub(crate) fn put_back(self: Box<Self>) {
        // In a thread that is ending it is freed instead.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }
}

/// Messages that were received and could not be handed over for want of memory: they come first.
///
/// Holding one allocates nothing: it stays in the scratch that it was received into.
#[derive(Default)]
pub(crate) struct Held {
    any: AtomicBool,
    first: Mutex<Option<Box<Scratch>>>,
}

impl Held {
    pub(crate) fn hold(&self, message: Box<Scratch>) {
        let mut slot = &mut *self.first.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(held) = slot {
            slot = &mut held.next;
        }
        *slot = Some(message);
        self.any.store(true, Ordering::Release);
    }

    /// The one that has waited longest.
    pub(crate) fn take(&self) -> Option<Box<Scratch>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = first.take()?;
        *first = message.next.take();
        self.any.store(first.is_some(), Ordering::Release);
        Some(message)
    }
}

/// A new `bytes`, or MemoryError.
pub(crate) fn to_bytes<'py>(py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let length = ffi::Py_ssize_t::try_from(message.len())?;
    // SAFETY: pointer and length are those of a live slice, which is copied.
    let bytes = unsafe { ffi::PyBytes_FromStringAndSize(message.as_ptr().cast(), length) };
    // SAFETY: a new reference to a bytes, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, bytes) }.and_then(|bytes| Ok(bytes.cast_into()?))
}

/// BufferError while somebody else has a view of the bytearray, and so it cannot grow or shrink.
pub(crate) fn check_resizable(array: &Bound<'_, PyByteArray>) -> PyResult<()> {
    let length = array.len();
    array.resize(length + 1)?;
    array.resize(length)
}

/// Adds to the end, or changes nothing.
pub(crate) fn append(array: &Bound<'_, PyByteArray>, message: &[u8]) -> PyResult<()> {
    let old = array.len();
    array.resize(old + message.len())?;
    // SAFETY: nothing runs between the resize and the copy that could resize it again, and the
    // message lies elsewhere: in a scratch of this thread.
    let bytes = unsafe { array.as_bytes_mut() };
    bytes[old..].copy_from_slice(message);
    Ok(())
}

/// Takes the first bytes away. The bytearray's own way, which moves nothing, and not a subclass's.
pub(crate) fn remove_first(array: &Bound<'_, PyByteArray>, count: usize) -> PyResult<()> {
    let count = isize::try_from(count)?;
    let py = array.py();
    let first = PySlice::new(py, 0, count, 1);
    py.get_type::<PyByteArray>().call_method1("__delitem__", (array, first))?;
    Ok(())
}
