//! What is to be sent: bytes that lie still.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::ffi::buffer_view::BufferView;
use crate::ffi::bytes;

/// Of a `bytes`, which cannot change, the bytes where they lie; of anything else a copy, since while
/// the call waits other threads may write to it and resize it.
pub(crate) type Payload<'a> = Cow<'a, [u8]>;

/// Once `fits` has agreed to the size, the bytes of a bytes-like object.
#[inline(always)]
pub(crate) fn all_bytes<'a>(
    object: &'a Bound<'_, PyAny>,
    fits: impl FnOnce(usize) -> PyResult<()>,
) -> PyResult<Payload<'a>> {
    if let Some(all) = bytes::borrow_bytes(object) {
        return fits(all.len()).map(|()| Cow::Borrowed(all));
    }
    let export = BufferView::new(object)?;
    fits(export.size())?;
    export.copy(0, usize::MAX).map(Cow::Owned)
}

/// The first bytes of a bytes-like object, `limit` at most.
#[inline(always)]
pub(crate) fn truncated<'a>(object: &'a Bound<'_, PyAny>, limit: usize) -> PyResult<Payload<'a>> {
    match bytes::borrow_bytes(object) {
        Some(all) => Ok(Cow::Borrowed(all.get(..limit).unwrap_or(all))),
        None => BufferView::new(object)?.copy(0, limit).map(Cow::Owned),
    }
}

/// The same as [`all_bytes`], to be kept beyond the call.
pub(crate) fn to_pybytes<'py>(
    object: &Bound<'py, PyAny>,
    fits: impl FnOnce(usize) -> PyResult<()>,
) -> PyResult<Bound<'py, PyBytes>> {
    match (all_bytes(object, fits)?, object.cast::<PyBytes>()) {
        (Cow::Borrowed(_), Ok(bytes)) => Ok(bytes.clone()),
        (all, _) => bytes::new_bytes(object.py(), &all),
    }
}
