//! Bytes across the border: what a caller sends, what a receive is read into. The only `unsafe` of
//! this crate, and so also the place for what has nothing to do with bytes: how CPython enters the
//! methods of [`entry`], and how a foreign thread attaches.

#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, c_int, c_void};
use std::mem::{self, MaybeUninit};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PySlice, PyString, PyTuple, PyType};

use crate::entry::{self, Method};
use crate::errors;
use crate::queue::MessageQueue;
use crate::scratch::Scratch;

/// Room for so many bytes, or MemoryError.
pub(crate) fn room(size: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(size) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(PyMemoryError::new_err(())),
    }
}

/// Adds to a vector, or MemoryError.
pub(crate) fn push<T>(vector: &mut Vec<T>, item: T) -> PyResult<()> {
    vector.try_reserve(1).map_err(|_| PyMemoryError::new_err(()))?;
    vector.push(item);
    Ok(())
}

/// Whether an object is one message, or a text that was to be one.
pub(crate) fn is_one_message(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: a live object, which is only asked for its type.
    let has_buffer = unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) != 0 };
    has_buffer || object.is_instance_of::<PyString>()
}

/// The bytes of a `bytes`, where they lie; None for anything else.
#[inline(always)]
pub(crate) fn bytes_of<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
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
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::from(object, ffi::PyObject_GetBuffer, ffi::PyBUF_SIMPLE)
    }

    pub(crate) fn writable(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::from(object, ffi::PyObject_GetBuffer, ffi::PyBUF_WRITABLE)
    }

    /// What the bytearray itself holds, whatever a subclass shows instead.
    pub(crate) fn of_bytearray(array: &Bound<'py, PyByteArray>) -> PyResult<Self> {
        let slot = bytearray_slot(array.py(), ffi::Py_bf_getbuffer);
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

impl Export<'_> {
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

/// A new `bytes`, or MemoryError.
#[inline(always)]
pub(crate) fn to_bytes<'py>(py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let length = ffi::Py_ssize_t::try_from(message.len())?;
    // SAFETY: pointer and length are those of a live slice, which is copied.
    let bytes = unsafe { ffi::PyBytes_FromStringAndSize(message.as_ptr().cast(), length) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    let bytes = unsafe { Bound::from_owned_ptr_or_err(py, bytes) }?;
    // SAFETY: this function makes nothing but bytes.
    Ok(unsafe { bytes.cast_into_unchecked() })
}

/// What came of [`receive_whole`].
pub(crate) enum Whole<'py> {
    Bytes(Bound<'py, PyBytes>),
    /// It is shorter than was hoped, and in the scratch now.
    Scratch(Box<Scratch>),
    Nothing,
}

/// Receives straight into a new `bytes` of the full size, which spares a copy if the message has
/// that size. If not, it is put into the scratch, which is not used otherwise.
pub(crate) fn receive_whole<'py>(
    py: Python<'py>,
    size: usize,
    mut scratch: Box<Scratch>,
    attempt: impl for<'a> FnOnce(&'a mut [MaybeUninit<u8>]) -> PyResult<Option<(&'a mut [u8], u32)>>,
) -> PyResult<Whole<'py>> {
    let length = ffi::Py_ssize_t::try_from(size)?;
    // SAFETY: a null pointer asks for bytes that are not initialised.
    let bytes = unsafe { ffi::PyBytes_FromStringAndSize(ptr::null(), length) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    let bytes = unsafe { Bound::from_owned_ptr_or_err(py, bytes) }?;
    // SAFETY: the memory of a live bytes.
    let start = unsafe { ffi::PyBytes_AsString(bytes.as_ptr()) };
    // SAFETY: that many bytes are there, and nobody else has a reference to them yet.
    let room = unsafe { slice::from_raw_parts_mut(start.cast(), size) };
    match attempt(room) {
        Ok(Some((message, _))) if message.len() == size => {
            scratch.put_back();
            // SAFETY: it is a bytes, and all of it is initialised now.
            Ok(Whole::Bytes(unsafe { bytes.cast_into_unchecked() }))
        }
        Ok(Some((message, priority))) => {
            scratch.copy(message, priority);
            Ok(Whole::Scratch(scratch))
        }
        nothing => {
            scratch.put_back();
            nothing.map(|_| Whole::Nothing)
        }
    }
}

/// Adds a message to a list, or changes nothing.
pub(crate) fn append_message(
    list: &Bound<'_, PyList>,
    class: &Bound<'_, PyType>,
    data: &[u8],
    priority: u32,
) -> PyResult<()> {
    let message = to_message(class, data, priority)?;
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
pub(crate) fn to_message<'py>(
    class: &Bound<'py, PyType>,
    data: &[u8],
    priority: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let (data, priority) = (to_bytes(py, data)?.into_any(), to_int(py, priority as usize)?);
    // SAFETY: a constant of the interpreter.
    if unsafe { ffi::Py_Version } >= TUPLES_HOLD_THEIR_HASH {
        return new_tuple(class, pair(data, priority)?);
    }
    // SAFETY: a live type of objects that have room for so many references.
    let message = unsafe { ffi::PyType_GenericAlloc(class.as_type_ptr(), 2) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, message) }
        .map(|message| fill_pair(message, data, priority))
}

/// `tuple.__new__(class, fields)`.
fn new_tuple<'py>(
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
pub(crate) fn pair<'py>(
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
pub(crate) fn tuple<'a, 'py: 'a>(
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

/// The queue behind a descriptor, which stays open and the caller's if there is none behind it.
pub(crate) fn adopt(py: Python<'_>, number: RawFd) -> PyResult<posix_mqueue::MessageQueue> {
    if number < 0 {
        return Err(errors::negative_descriptor(py, number));
    }
    // SAFETY: a number of a descriptor, which the caller gives away. If it is open, nobody else
    // here owns it; if it is not, the check that follows finds that out, and it is let go again.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    posix_mqueue::MessageQueue::try_from(fd).map_err(|(error, fd)| {
        let _ = fd.into_raw_fd();
        errors::raise(py, &error)
    })
}

/// A str as the names of files are encoded, whatever a subclass makes of `encode`.
pub(crate) fn encode_fs<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: a live str; the thread is attached.
    let bytes = unsafe { ffi::PyUnicode_EncodeFSDefault(text.as_ptr()) };
    // SAFETY: a new reference to a bytes, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(text.py(), bytes) }.and_then(|b| Ok(b.cast_into()?))
}

/// A new str of what is encoded as the names of files are, or MemoryError.
pub(crate) fn decode_fs<'py>(py: Python<'py>, name: &OsStr) -> PyResult<Bound<'py, PyString>> {
    let bytes = name.as_bytes();
    let length = ffi::Py_ssize_t::try_from(bytes.len())?;
    // SAFETY: pointer and length are those of a live slice, which is copied.
    let text = unsafe { ffi::PyUnicode_DecodeFSDefaultAndSize(bytes.as_ptr().cast(), length) };
    // SAFETY: a new reference to a str, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, text) }.and_then(|text| Ok(text.cast_into()?))
}

/// A new `int`, or MemoryError.
#[inline(always)]
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

/// Whether this is the interpreter that the process began with.
pub(crate) fn is_main_interpreter(_: Python<'_>) -> bool {
    // SAFETY: takes no pointer; the thread is attached, and so has an interpreter.
    let interpreter = unsafe { ffi::PyInterpreterState_Get() };
    // SAFETY: the interpreter that runs this.
    let number = unsafe { ffi::PyInterpreterState_GetID(interpreter) };
    // CPython counts them from 0 each time that it is initialized.
    number == 0
}

/// What a call passes: the values by position, then those by name, and these names.
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) values: &'a [Borrowed<'a, 'py, PyAny>],
    pub(crate) names: Option<Borrowed<'a, 'py, PyTuple>>,
}

impl<'py> Arguments<'_, 'py> {
    /// `callable(first, *values, **names)`.
    pub(crate) fn pass_to(
        &self,
        callable: &Bound<'py, PyAny>,
        first: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = first.py();
        let names = self.names.as_ref().map_or(0, |names| names.len());
        let (by_position, by_name) = self.values.split_at(self.values.len().saturating_sub(names));
        let values = by_position.iter().map(|value| &**value);
        let tuple = tuple(py, by_position.len() + 1, std::iter::once(first).chain(values))?;
        let Some(names) = &self.names else { return callable.call1(tuple) };
        // SAFETY: takes no pointer; the thread is attached.
        let dict = unsafe { ffi::PyDict_New() };
        // SAFETY: a new reference, or null with an exception set; the thread is attached.
        let dict = unsafe { Bound::from_owned_ptr_or_err(py, dict) }?.cast_into::<PyDict>()?;
        for (name, value) in names.iter_borrowed().zip(by_name) {
            dict.set_item(name, value)?;
        }
        callable.call(tuple, Some(&dict))
    }
}

/// How CPython calls a method, as `METH_FASTCALL | METH_KEYWORDS` has it.
///
/// # Safety
///
/// For CPython only, through the descriptor that [`method`] makes.
unsafe extern "C" fn enter<M: Method>(
    object: *mut ffi::PyObject,
    values: *const *mut ffi::PyObject,
    by_position: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // PyO3's own count of attached threads is not raised: that would cost every call. While it is
    // zero, a `Py` that is dropped waits in a list until PyO3 attaches the next time. So a call that
    // succeeds has `Bound`s alone, and one that fails attaches, in `raise`.
    // SAFETY: CPython runs its own code with the thread attached, and calls methods from there.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: the caller keeps the object alive as long as the call takes.
    let object = unsafe { Borrowed::from_ptr(py, object) };
    // SAFETY: the descriptor has refused what is not of its class, whose methods take `&self` only.
    let object = unsafe { object.cast_unchecked::<MessageQueue>() };
    // SAFETY: null, or a tuple of names that lives as long as the call takes.
    let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
    // SAFETY: CPython passes nothing else for it.
    let names = names.map(|names| unsafe { names.cast_unchecked::<PyTuple>() });
    let by_position = usize::try_from(by_position).unwrap_or(0);
    let count = by_position + names.as_ref().map_or(0, |names| names.len());
    let values = if count == 0 {
        &[]
    } else {
        // SAFETY: so many objects are there, none of them null, and live as long as the call takes;
        // Borrowed is a transparent pointer.
        unsafe { slice::from_raw_parts(values.cast(), count) }
    };
    let run = || entry::run::<M>(&object, &Arguments { values, names });
    // No panic may pass CPython's frames.
    let outcome = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(PanicException::new_err("a defect of mood.mqueue")));
    match outcome {
        Ok(answer) => answer.into_ptr(),
        Err(error) => {
            raise(py, error);
            ptr::null_mut()
        }
    }
}

/// Raises an exception in a call that PyO3 does not know to be attached, and empties its list of
/// what was dropped in that call: a program that makes no other calls would fill it for ever.
#[cold]
fn raise(py: Python<'_>, error: PyErr) {
    let mut error = Some(error);
    Python::try_attach(|py| error.take().map(|error| error.restore(py)));
    // PyO3 attaches nobody once the interpreter ends, and the list ends with it.
    if let Some(error) = error {
        error.restore(py);
    }
}

/// A method of the class that CPython calls by [`enter`]; its definition is there for ever.
pub(crate) fn method<'py, M: Method>(
    class: &Bound<'py, PyType>,
    name: CString,
    doc: CString,
) -> PyResult<Bound<'py, PyAny>> {
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.into_raw(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: enter::<M> },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: doc.into_raw(),
    }));
    // SAFETY: a live class, and a definition that is there for ever, of a function that takes
    // arguments as its flags say.
    let method = unsafe { ffi::PyDescr_NewMethod(class.as_type_ptr(), definition) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(class.py(), method) }
}
