//! How CPython enters a method directly, with the arguments where they lie (`METH_FASTCALL`).

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::ffi::tuple;

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
        let tuple =
            tuple::new_tuple(py, by_position.len() + 1, std::iter::once(first).chain(values))?;
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

/// A method that CPython enters directly.
pub(crate) trait FastMethod {
    /// The class that has the method.
    type Class: PyTypeInfo;

    fn call<'py>(
        object: &Bound<'py, Self::Class>,
        arguments: &Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// How CPython calls a method, as `METH_FASTCALL | METH_KEYWORDS` has it.
///
/// # Safety
///
/// For CPython only, through the descriptor that [`new_method`] makes.
unsafe extern "C" fn trampoline<M: FastMethod>(
    object: *mut ffi::PyObject,
    values: *const *mut ffi::PyObject,
    by_position: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // PyO3's own count of attached threads is not raised: that would cost every call. While it is
    // zero, a `Py` that is dropped waits in a list until PyO3 attaches the next time. So a call that
    // succeeds has `Bound`s alone, and one that fails attaches, in `restore`.
    // SAFETY: CPython runs its own code with the thread attached, and calls methods from there.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: the caller keeps the object alive as long as the call takes.
    let object = unsafe { Borrowed::from_ptr(py, object) };
    // SAFETY: the descriptor, which `new_method` has made for this class, has refused any other object.
    let object = unsafe { object.cast_unchecked::<M::Class>() };
    // SAFETY: null, or a tuple of names that lives as long as the call takes.
    let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
    // SAFETY: CPython passes nothing else for it.
    let names = names.map(|names| unsafe { names.cast_unchecked::<PyTuple>() });
    let by_position = usize::try_from(by_position).unwrap_or(0);
    let count = by_position + names.as_ref().map_or(0, |names| names.len());
    let values = if count == 0 {
        &[]
    } else {
        // SAFETY: CPython passes an array of so many objects, none of them null, which is the
        // caller's own and unchanged for as long as the call takes; Borrowed is a transparent
        // pointer.
        unsafe { slice::from_raw_parts(values.cast(), count) }
    };
    let run = || M::call(&object, &Arguments { values, names });
    // No panic may pass CPython's frames.
    let outcome = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(PanicException::new_err("a defect of mood.mqueue")));
    match outcome {
        Ok(answer) => answer.into_ptr(),
        Err(error) => {
            restore(py, error);
            ptr::null_mut()
        }
    }
}

/// Raises an exception in a call that PyO3 does not know to be attached, and empties its list of
/// what was dropped in that call: a program that makes no other calls would fill it for ever.
#[cold]
fn restore(py: Python<'_>, error: PyErr) {
    let mut error = Some(error);
    Python::try_attach(|py| error.take().map(|error| error.restore(py)));
    // PyO3 attaches nobody once the interpreter ends, and the list ends with it.
    if let Some(error) = error {
        error.restore(py);
    }
}

/// A method of the class that CPython calls by [`trampoline`]; its definition is there for ever.
pub(crate) fn new_method<M: FastMethod>(
    py: Python<'_>,
    name: CString,
    doc: CString,
) -> PyResult<Bound<'_, PyAny>> {
    let class = py.get_type::<M::Class>();
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.into_raw(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: trampoline::<M> },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: doc.into_raw(),
    }));
    // SAFETY: a live class, and a definition that is there for ever, of a function that takes
    // arguments as its flags say, and whose objects are of this class.
    let method = unsafe { ffi::PyDescr_NewMethod(class.as_type_ptr(), definition) };
    // SAFETY: a new reference, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, method) }
}
