//! `bytes` and `bytearray`, and Rust's own memory with MemoryError for want of it.

use std::ffi::{c_int, c_void};
use std::{mem, ptr, slice};

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PySlice, PyString};

/// Room for so many bytes, or MemoryError.
pub(crate) fn try_allocate(size: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(size) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(PyMemoryError::new_err(())),
    }
}

/// Adds to a vector, or MemoryError.
pub(crate) fn try_push<T>(vector: &mut Vec<T>, item: T) -> PyResult<()> {
    vector.try_reserve(1).map_err(|_| PyMemoryError::new_err(()))?;
    vector.push(item);
    Ok(())
}

/// Whether an object is one message, or a text that was to be one.
pub(crate) fn is_bytes_like_or_str(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: a live object, which is only asked for its type.
    let has_buffer = unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) != 0 };
    has_buffer || object.is_instance_of::<PyString>()
}

/// The bytes of a `bytes`, where they lie; None for anything else.
#[inline(always)]
pub(crate) fn borrow_bytes<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    if !object.is_exact_instance_of::<PyBytes>() {
        return object.cast::<PyBytes>().ok().map(PyBytesMethods::as_bytes);
    }
    let (mut start, mut length) = (ptr::null_mut(), 0);
    // SAFETY: a live bytes, and two variables to write to; it fails for nothing else.
    let _ =
        unsafe { ffi::PyBytes_AsStringAndSize(object.as_ptr(), &raw mut start, &raw mut length) };
    let length = usize::try_from(length).ok()?;
    // SAFETY: so many bytes are there, as long as the object is, and nobody ever changes them.
    Some(unsafe { slice::from_raw_parts(start.cast_const().cast(), length) })
}

/// A new `bytes`, or MemoryError.
#[inline(always)]
pub(crate) fn new_bytes<'py>(py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let length = ffi::Py_ssize_t::try_from(message.len())?;
    // SAFETY: pointer and length are those of a live slice, which is copied.
    let bytes = unsafe { ffi::PyBytes_FromStringAndSize(message.as_ptr().cast(), length) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    let bytes = unsafe { Bound::from_owned_ptr_or_err(py, bytes) }?;
    // SAFETY: this function makes nothing but bytes.
    Ok(unsafe { bytes.cast_into_unchecked() })
}

/// How `bytearray` itself does something, whatever a subclass does instead.
pub(crate) fn bytearray_slot(py: Python<'_>, slot: c_int) -> *mut c_void {
    let bytearray = py.get_type::<PyByteArray>().as_type_ptr();
    // SAFETY: a live type, whose slots are there for the life of the process.
    unsafe { ffi::PyType_GetSlot(bytearray, slot) }
}

/// BufferError while somebody has a view of the bytearray, and so it cannot grow or shrink.
pub(crate) fn check_resizable(array: &Bound<'_, PyByteArray>) -> PyResult<()> {
    let py = array.py();
    let nothing = empty_step_slice(py)?;
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
pub(crate) fn empty_step_slice(py: Python<'_>) -> PyResult<&Bound<'_, PySlice>> {
    static SLICE: PyOnceLock<Py<PySlice>> = PyOnceLock::new();
    SLICE.get_or_try_init(py, || Ok(PySlice::new(py, 0, 0, 2).unbind())).map(|s| s.bind(py))
}

/// Adds to the end, or changes nothing.
pub(crate) fn append(array: &Bound<'_, PyByteArray>, message: &[u8]) -> PyResult<()> {
    let old = array.len();
    array.resize(old + message.len())?;
    // SAFETY: nothing runs between the resize and the copy that could resize it again, and the
    // message lies elsewhere: in a receive buffer of this thread.
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
