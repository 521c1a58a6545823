//! Bytes across the border: what a caller sends, what a receive is read into. The only `unsafe` of
//! this crate, and so also the place for one call that has nothing to do with bytes.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PySlice, PyString};

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
    // In a line of its own: the export ends before the call begins.
    let copy = Export::new(object)?.copy(0, limit)?;
    call(&copy)
}

/// How `bytearray` itself does something, whatever a subclass does instead.
fn bytearray_slot(py: Python<'_>, slot: c_int) -> *mut c_void {
    let bytearray = py.get_type::<PyByteArray>().as_type_ptr();
    // SAFETY: a live type, whose slots are there for the life of the process.
    unsafe { ffi::PyType_GetSlot(bytearray, slot) }
}

/// A contiguous view of an object's bytes; as long as it lives the object cannot be resized.
pub(crate) struct Export<'py> {
    py: Python<'py>,
    // Boxed, since an exporter may keep pointers into it.
    view: Box<ffi::Py_buffer>,
}

impl<'py> Export<'py> {
    fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::from(object, ffi::PyObject_GetBuffer)
    }

    /// What the bytearray itself holds, whatever a subclass shows instead.
    pub(crate) fn of_bytearray(array: &Bound<'py, PyByteArray>) -> PyResult<Self> {
        let slot = bytearray_slot(array.py(), ffi::Py_bf_getbuffer);
        // SAFETY: this is the type of what that slot holds; it is never null for bytearray, and
        // Option stands for null all the same.
        let get = unsafe { mem::transmute::<*mut c_void, Option<ffi::getbufferproc>>(slot) };
        Self::from(array, get.unwrap_or(ffi::PyObject_GetBuffer))
    }

    fn from(object: &Bound<'py, PyAny>, get: ffi::getbufferproc) -> PyResult<Self> {
        let mut view: Box<MaybeUninit<ffi::Py_buffer>> = Box::new_uninit();
        // SAFETY: the object is alive and the view writable; PyBUF_SIMPLE asks for plain,
        // contiguous bytes.
        let failed = unsafe { get(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_SIMPLE) };
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
        let mut bytes = room(size)?;
        let address = self.view.buf.cast_const().cast::<u8>().wrapping_add(start);
        // SAFETY: the exporter keeps `size` bytes alive at that address as long as this lives (it
        // may be null where there are none, and then nothing is copied), and the vector has that
        // much room of its own.
        unsafe { ptr::copy(address, bytes.as_mut_ptr(), size) };
        // SAFETY: the line above has initialised them.
        unsafe { bytes.set_len(size) };
        Ok(bytes)
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
    was_held: bool,
    next: Option<Box<Scratch>>,
}

thread_local! {
    static SPARE: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Receives into this thread's scratch, which has room for `size` bytes then, or MemoryError.
    pub(crate) fn receive<T>(
        size: usize,
        receive: impl FnOnce(&mut [u8]) -> PyResult<T>,
    ) -> PyResult<(Box<Self>, T)> {
        // A thread that is ending, or is in a receive already (from a signal handler), has none.
        let mut scratch = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        if scratch.bytes.len() < size {
            let mut bytes = room(size)?;
            bytes.resize(size, 0);
            scratch.bytes = bytes;
        }
        match receive(&mut scratch.bytes) {
            Ok(received) => Ok((scratch, received)),
            Err(error) => {
                scratch.put_back();
                Err(error)
            }
        }
    }

    /// Says what was received into it.
    pub(crate) fn fill(&mut self, length: usize, priority: u32) {
        self.length = length;
        self.priority = priority;
        self.was_held = false;
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
    /// After those that are held, unless it has been held already: then it stays the first.
    pub(crate) fn hold(&self, mut message: Box<Scratch>) {
        let mut slot = &mut *self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if message.was_held {
            message.next = slot.take();
        }
        while let Some(held) = slot {
            slot = &mut held.next;
        }
        *slot = Some(message);
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn count(&self) -> usize {
        if !self.any.load(Ordering::Acquire) {
            return 0;
        }
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::successors(first.as_ref(), |held| held.next.as_ref()).count()
    }

    /// The one that has waited longest.
    pub(crate) fn take(&self) -> Option<Box<Scratch>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = first.take()?;
        message.was_held = true;
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

/// A str as the names of files are encoded, whatever a subclass makes of `encode`.
pub(crate) fn encode_fs<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: a live str; the thread is attached.
    let bytes = unsafe { ffi::PyUnicode_EncodeFSDefault(text.as_ptr()) };
    // SAFETY: a new reference to a bytes, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(text.py(), bytes) }.and_then(|b| Ok(b.cast_into()?))
}

/// A new `int`, or MemoryError.
pub(crate) fn to_int(py: Python<'_>, number: usize) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: takes no pointer; the thread is attached.
    let int = unsafe { ffi::PyLong_FromSize_t(number) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, int) }
}

/// BufferError while somebody has a view of the bytearray, and so it cannot grow or shrink.
pub(crate) fn check_resizable(array: &Bound<'_, PyByteArray>) -> PyResult<()> {
    let py = array.py();
    let nothing = every_second_of_none(py)?;
    let slot = bytearray_slot(py, ffi::Py_mp_ass_subscript);
    // SAFETY: this is the type of what that slot holds, and Option stands for null.
    let assign = unsafe { mem::transmute::<*mut c_void, Option<ffi::objobjargproc>>(slot) };
    // To delete every second byte of none changes nothing, needs no memory, and is refused where
    // to delete any would be. In the type's own way, not in a subclass's.
    let failed = assign.is_some_and(|assign| {
        // SAFETY: a live bytearray and a live slice; null for a value means to delete.
        unsafe { assign(array.as_ptr(), nothing.as_ptr(), ptr::null_mut()) != 0 }
    });
    if failed { Err(PyErr::fetch(py)) } else { Ok(()) }
}

/// Made once, when the module is: it must not want memory when a message is at stake.
pub(crate) fn every_second_of_none(py: Python<'_>) -> PyResult<&Bound<'_, PySlice>> {
    static SLICE: PyOnceLock<Py<PySlice>> = PyOnceLock::new();
    SLICE.get_or_try_init(py, || Ok(PySlice::new(py, 0, 0, 2).unbind())).map(|s| s.bind(py))
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

/// Takes the first bytes away, or changes nothing.
pub(crate) fn remove_first(array: &Bound<'_, PyByteArray>, count: usize) -> PyResult<()> {
    let left = array.len().saturating_sub(count);
    let rotate = |to_the_front: usize| {
        // SAFETY: nothing else runs while the slice lives.
        let bytes = unsafe { array.as_bytes_mut() };
        bytes.rotate_left(to_the_front.min(bytes.len()));
    };
    rotate(count);
    array.resize(left).inspect_err(|_| rotate(left))
}

/// Attaches a thread that need not be Python's own, unless the interpreter shuts down.
///
/// Such a thread otherwise gets a thread state each time it attaches; here it keeps the first one
/// for its whole life. To make one takes a lock of the interpreter without the GIL, and CPython
/// 3.11 does not free that lock in a child that is forked just then: the child would hang.
pub(crate) fn try_attach<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    // SAFETY: takes nothing, and only looks whether this thread has a state.
    let is_new = unsafe { ffi::PyGILState_GetThisThreadState() }.is_null();
    Python::try_attach(|py| {
        if is_new {
            // SAFETY: the thread is attached, so this only counts one use more; that it is never
            // released is the point.
            unsafe { ffi::PyGILState_Ensure() };
        }
        call(py)
    })
}
