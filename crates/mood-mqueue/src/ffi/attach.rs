//! Which thread and which interpreter this is.

use pyo3::ffi;
use pyo3::prelude::*;

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
