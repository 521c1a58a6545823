//! Values as the kernel takes and gives them.

use std::ptr;
use std::time::Duration;

/// A time as the kernel takes it. Seconds past the end of `time_t` mean its end: for ever.
#[allow(deprecated)] // a warning that musl's `time_t` will be 64 bits wide everywhere
pub(super) fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        // Below 10^9, so it fits every C long.
        tv_nsec: time.subsec_nanos().cast_signed().into(),
    }
}

pub(super) fn pointer<T>(value: Option<&T>) -> *const T {
    value.map_or(ptr::null(), ptr::from_ref)
}

/// An integer of libc whose size depends on the machine.
pub(crate) fn wide(value: impl Into<u64>) -> u64 {
    value.into()
}
