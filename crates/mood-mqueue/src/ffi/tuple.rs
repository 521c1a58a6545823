//! Tuples, messages among them, lists and ints: made without the calls of Python code that their
//! classes would cost, and with MemoryError for want of memory.

use std::ffi::c_void;
use std::{mem, ptr};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple, PyType};

use crate::ffi::bytes;

/// Adds a message to a list, or changes nothing.
pub(crate) fn append_message(
    list: &Bound<'_, PyList>,
    class: &Bound<'_, PyType>,
    data: &[u8],
    priority: u32,
) -> PyResult<()> {
    let message = new_message(class, data, priority)?;
    // SAFETY: both are alive; the list takes a reference of its own.
    let failed = unsafe { ffi::PyList_Append(list.as_ptr(), message.as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(PyErr::fetch(list.py())) }
}

/// From CPython 3.14 on, a tuple also holds its hash, which only its own `__new__` sets up.
const TUPLES_HOLD_THEIR_HASH: u64 = 0x030E_0000;

/// A new message, or MemoryError: an object of `class`, a tuple of its data and priority.
///
/// The class's own `__new__` is Python, and would take several times as long.
#[inline(always)]
pub(crate) fn new_message<'py>(
    class: &Bound<'py, PyType>,
    data: &[u8],
    priority: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let (data, priority) =
        (bytes::new_bytes(py, data)?.into_any(), new_int(py, priority as usize)?);
    // SAFETY: a constant of the interpreter.
    if unsafe { ffi::Py_Version } >= TUPLES_HOLD_THEIR_HASH {
        return tuple_dunder_new(class, new_pair(data, priority)?);
    }
    // SAFETY: a live type of objects that have room for so many references.
    let message = unsafe { ffi::PyType_GenericAlloc(class.as_type_ptr(), 2) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, message) }
        .map(|message| fill_pair(message, data, priority))
}

/// `tuple.__new__(class, fields)`.
fn tuple_dunder_new<'py>(
    class: &Bound<'py, PyType>,
    fields: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    // SAFETY: takes no pointer; the thread is attached.
    let arguments = unsafe { ffi::PyTuple_New(1) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    let arguments = unsafe { Bound::from_owned_ptr_or_err(py, arguments) }?;
    // SAFETY: a new tuple with room for one, which takes the reference over.
    unsafe { ffi::PyTuple_SetItem(arguments.as_ptr(), 0, fields.into_ptr()) };
    let tuple = py.get_type::<PyTuple>().as_type_ptr();
    // SAFETY: a live type, whose slots are there for the life of the process.
    let new = unsafe { ffi::PyType_GetSlot(tuple, ffi::Py_tp_new) };
    // SAFETY: this is the type of what that slot holds, and Option stands for null.
    let new = unsafe { mem::transmute::<*mut c_void, Option<ffi::newfunc>>(new) };
    let object = new.map_or(ptr::null_mut(), |new| {
        // SAFETY: the class is a subtype of tuple, and the arguments are those of tuple.
        unsafe { new(class.as_type_ptr(), arguments.as_ptr(), ptr::null_mut()) }
    });
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

/// A new tuple of two, or MemoryError.
pub(crate) fn new_pair<'py>(
    first: Bound<'py, PyAny>,
    second: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = first.py();
    // SAFETY: takes no pointer; the thread is attached.
    let pair = unsafe { ffi::PyTuple_New(2) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, pair) }.map(|pair| fill_pair(pair, first, second))
}

/// A new tuple of so many of these values, or MemoryError.
pub(crate) fn new_tuple<'a, 'py: 'a>(
    py: Python<'py>,
    length: usize,
    values: impl Iterator<Item = &'a Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let length = ffi::Py_ssize_t::try_from(length)?;
    // SAFETY: takes no pointer; the thread is attached.
    let tuple = unsafe { ffi::PyTuple_New(length) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    let tuple = unsafe { Bound::from_owned_ptr_or_err(py, tuple) }?.cast_into::<PyTuple>()?;
    for (place, value) in (0..length).zip(values) {
        let value = value.clone().into_ptr();
        // SAFETY: the tuple is new, has room for so many, and takes the reference over.
        unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), place, value) };
    }
    Ok(tuple)
}

/// Fills a new tuple that has room for two.
#[inline(always)]
fn fill_pair<'py>(
    pair: Bound<'py, PyAny>,
    first: Bound<'py, PyAny>,
    second: Bound<'py, PyAny>,
) -> Bound<'py, PyAny> {
    // SAFETY: the tuple is new, and takes the reference over.
    unsafe { ffi::PyTuple_SetItem(pair.as_ptr(), 0, first.into_ptr()) };
    // SAFETY: the same.
    unsafe { ffi::PyTuple_SetItem(pair.as_ptr(), 1, second.into_ptr()) };
    pair
}

/// A new empty list, or MemoryError.
pub(crate) fn new_list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: takes no pointer; the thread is attached.
    let list = unsafe { ffi::PyList_New(0) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, list) }.and_then(|list| Ok(list.cast_into()?))
}

/// A new `int`, or MemoryError.
#[inline(always)]
pub(crate) fn new_int(py: Python<'_>, number: usize) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: takes no pointer; the thread is attached.
    let int = unsafe { ffi::PyLong_FromSize_t(number) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, int) }
}
